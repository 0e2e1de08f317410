"""
Let the nodes work for minutes while everything around them changes, and judge them.

``python -m nn_perception.benchmark.soak --minutes 10``, or ``make soak MINUTES=10``;
what is done and how it is judged is in docs/endurance.md. Status 1 when a figure was not
reached.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
import os
from pathlib import Path
import random
import sys
import tempfile

from nn_perception.benchmark.soak.conclusion import conclude, details
from nn_perception.benchmark.soak.report import as_json, markdown
from nn_perception.benchmark.soak.run import LAYOUTS, Plan, Soak
from nn_perception.core.discovery import stay_on_this_machine
from nn_perception.ros.process.main import prepare_process
from nn_perception.ros.process.signals import watch_signals
import rclpy
from rclpy.signals import SignalHandlerOptions


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog='soak', description=__doc__.strip().split('\n\n')[0])
    parser.add_argument('--minutes', type=float, default=10.0, help='length (default: 10)')
    parser.add_argument(
        '--layout',
        choices=tuple(LAYOUTS),
        default='one-process',
        help='a process for each node, or one for all (default: one-process)',
    )
    parser.add_argument('--seed', type=int, help='repeats what chance decided in another run')
    parser.add_argument(
        '--round', type=float, default=60.0, help='seconds of a storm and its calm (default: 60)'
    )
    parser.add_argument('--output', type=Path, help='write all figures to this file too, as JSON')
    parser.add_argument('--logs', type=Path, help='keep the logs of all processes in this folder')
    return parser.parse_args()


def run(plan: Plan, folder: Path, output: Path | None) -> int:
    """Run, print the tables, and tell by the status whether all figures were reached."""
    soak = Soak(plan, folder)
    trouble = ''
    try:
        soak.run()
    except RuntimeError as error:
        trouble = str(error)
    finally:
        soak.end()
    if not soak.rounds:
        sys.stderr.write(f'{trouble or "interrupted before the first round was over"}\n')
        return 1
    rows = list(conclude(soak))
    done = soak.disturbances.counts
    sys.stdout.write('\n' + markdown(soak.rounds, rows, done) + '\n')
    if output:
        output.write_text(as_json(asdict(plan), soak.rounds, rows, details(soak)))
    if trouble:
        sys.stderr.write(f'{trouble}\n')
    return 1 if trouble or any(row.reached is False for row in rows) else 0


def main() -> int:
    """Read the command line, and run."""
    args = arguments()
    seed = random.randrange(10**6) if args.seed is None else args.seed
    plan = Plan(minutes=args.minutes, layout=args.layout, seed=seed, round_s=args.round)
    stay_on_this_machine()
    os.environ.setdefault('ROS_DOMAIN_ID', str(60 + os.getpid() % 40))
    watch_signals()
    prepare_process()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    sys.stdout.write(
        f'{plan.minutes:g} minutes, layout {plan.layout}, '
        f'--seed {seed} repeats what chance decides\n'
    )
    sys.stdout.flush()
    if args.logs:
        return run(plan, args.logs, args.output)
    with tempfile.TemporaryDirectory(prefix='soak_') as folder:
        return run(plan, Path(folder), args.output)


if __name__ == '__main__':
    sys.exit(main())
