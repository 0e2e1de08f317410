"""
Let the nodes work for minutes while everything around them changes, and evaluate them.

``python -m nn_perception.benchmark.soak --minutes 10``, or ``make soak MINUTES=10``;
docs/endurance.md describes the disturbances and the criteria. Status 1 when a criterion was not
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

from nn_perception.benchmark.discovery import stay_on_this_machine
from nn_perception.benchmark.soak.evaluation import details, evaluate
from nn_perception.benchmark.soak.report import as_json, markdown
from nn_perception.benchmark.soak.run import LAYOUTS, SoakPlan, SoakTest
from nn_perception.ros.process.main import prepare_process
from nn_perception.ros.process.signals import watch_signals
import rclpy
from rclpy.signals import SignalHandlerOptions


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog='soak',
        description='Let the nodes work for minutes while everything around them changes.',
    )
    parser.add_argument('--minutes', type=float, default=10.0, help='length (default: 10)')
    parser.add_argument(
        '--layout',
        choices=tuple(LAYOUTS),
        default='one-process',
        help='one process per node, or one for all nodes (default: one-process)',
    )
    parser.add_argument('--seed', type=int, help='repeat the random decisions of another run')
    parser.add_argument(
        '--round', type=float, default=60.0, help='length of a round in seconds (default: 60)'
    )
    parser.add_argument('--output', type=Path, help='also write all figures to this file, as JSON')
    parser.add_argument('--logs', type=Path, help='keep the logs of all processes in this folder')
    return parser.parse_args()


def run(plan: SoakPlan, folder: Path, output: Path | None) -> int:
    """Run the test and print the tables; the status says whether all criteria were reached."""
    soak = SoakTest(plan, folder)
    failure = ''
    try:
        soak.run()
    except RuntimeError as error:
        failure = str(error)
    finally:
        soak.end()
    if not soak.rounds:
        sys.stderr.write(f'{failure or "interrupted before the end of the first round"}\n')
        return 1
    verdict = list(evaluate(soak))
    counts = soak.disturbances.counts
    sys.stdout.write('\n' + markdown(soak.rounds, verdict, counts) + '\n')
    if output:
        output.write_text(as_json(asdict(plan), soak.rounds, verdict, details(soak)))
    if failure:
        sys.stderr.write(f'{failure}\n')
    return 1 if failure or any(row.reached is False for row in verdict) else 0


def main() -> int:
    """Read the command line, and run."""
    args = parse_arguments()
    seed = random.randrange(10**6) if args.seed is None else args.seed
    plan = SoakPlan(minutes=args.minutes, layout=args.layout, seed=seed, round_s=args.round)
    stay_on_this_machine()
    os.environ.setdefault('ROS_DOMAIN_ID', str(60 + os.getpid() % 40))
    watch_signals()
    prepare_process()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    sys.stdout.write(
        f'{plan.minutes:g} minutes, layout {plan.layout}; --seed {seed} repeats the random '
        'decisions\n'
    )
    sys.stdout.flush()
    if args.logs:
        return run(plan, args.logs, args.output)
    with tempfile.TemporaryDirectory(prefix='soak_') as folder:
        return run(plan, Path(folder), args.output)


if __name__ == '__main__':
    sys.exit(main())
