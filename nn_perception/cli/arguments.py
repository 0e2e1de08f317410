"""Arguments that several verbs share, and their types."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from nn_perception.core.inference.run_options import (
    DEVICES,
    ENGINES,
    MAX_THREADS,
    RunOptions,
)


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose how a network runs."""
    parser.add_argument(
        '--engine',
        choices=ENGINES,
        default='auto',
        help='auto: onnxruntime on a CPU, torch on a GPU (default: %(default)s)',
    )
    parser.add_argument(
        '--device',
        choices=DEVICES,
        default='auto',
        help='device that runs the network (default: %(default)s)',
    )
    parser.add_argument(
        '--threads',
        type=whole_number(0, MAX_THREADS),
        default=0,
        metavar='N',
        help='number of CPU threads; 0: chosen for this machine (default: %(default)s)',
    )


def run_options(args: argparse.Namespace) -> RunOptions:
    """Return the values of :func:`add_engine_arguments` as options of a network."""
    return RunOptions(args.engine, args.device, args.threads)


def add_store_argument(parser: argparse.ArgumentParser, default: str = '') -> None:
    """Add the folder of the fine-tuned models."""
    parser.add_argument(
        '--store',
        default=default,
        metavar='DIR',
        help='folder of the fine-tuned models (default: models in the data folder)',
    )


def whole_number(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Return the type of an argument that is a whole number within bounds."""

    def convert(text: str) -> int:
        value = int(text)
        if value < minimum or (maximum is not None and value > maximum):
            bounds = f'at least {minimum}' if maximum is None else f'{minimum} to {maximum}'
            raise argparse.ArgumentTypeError(f'must be {bounds}, got {value}')
        return value

    # argparse puts the name into its message about text that is not a number.
    convert.__name__ = 'whole number'
    return convert


def probability(text: str) -> float:
    """Convert an argument that lies between 0 and 1."""
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f'must be 0 to 1, got {value}')
    return value
