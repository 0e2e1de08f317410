"""``nn_perception bench``: measure speed and memory on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
import importlib.util
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from nn_perception.cli.console import report
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.core.standard_streams import flush_output, write_output

if TYPE_CHECKING:
    from nn_perception.benchmark.table import Row

VERB = 'bench'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        '--output', type=Path, metavar='FILE', help='also write all figures to this file, as JSON'
    )
    parser.add_argument('--json', action='store_true', help='print JSON instead of the table')
    parser.add_argument(
        '--seconds',
        type=float,
        default=8.0,
        metavar='S',
        help='length of each measurement (default: %(default)s)',
    )
    parser.add_argument(
        '--clean-ends',
        type=int,
        default=0,
        metavar='N',
        help='also end a node N times in each of three ways; 100 take ten minutes',
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print the table; status 1 when a figure is not reached."""
    from nn_perception.benchmark.discovery import stay_on_this_machine

    stay_on_this_machine()
    os.environ.setdefault('ROS_DOMAIN_ID', str(60 + os.getpid() % 40))
    rows = []
    for row in _rows(args):
        rows.append(row)
        if not args.json:
            write_output(f'{row}\n')
            flush_output()
    content = json.dumps({'cores': os.cpu_count(), 'rows': [asdict(row) for row in rows]}) + '\n'
    if args.json:
        write_output(content)
    if args.output:
        args.output.write_text(content, encoding='utf-8')
    return ExitStatus.OK if all(row.reached for row in rows) else ExitStatus.FAILED


def _rows(args: argparse.Namespace) -> Iterator[Row]:
    from nn_perception.benchmark.table import engine_row, node_rows

    yield engine_row()
    if importlib.util.find_spec('rclpy') is None:
        report(VERB, 'the other rows need ROS 2, which is not installed here')
        return
    yield from node_rows(args.seconds, args.clean_ends)
