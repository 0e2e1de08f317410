"""What the verbs that run a network over picture files have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
import json
import sys
from typing import Any, TYPE_CHECKING, TypeVar

from nn_perception.cli.progress import progress
from nn_perception.core.options import DEVICES, ENGINES

if TYPE_CHECKING:
    from nn_perception.core.imaging.image_files import Image

STATUS_FAILED = 1
STATUS_UNUSABLE = 2

R = TypeVar('R')


def add_file_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the files and how the results are printed."""
    parser.add_argument('files', nargs='+', metavar='FILE', help='pictures (not folders)')
    parser.add_argument(
        '--json', action='store_true', help='print one JSON object a line and nothing else'
    )


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how a network is run."""
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
        help='where the network runs (default: %(default)s)',
    )
    parser.add_argument(
        '--threads',
        type=whole_number(0, 256),
        default=0,
        metavar='N',
        help='threads on a CPU; 0: as many as are useful (default: %(default)s)',
    )


def add_store_argument(parser: argparse.ArgumentParser) -> None:
    """Declare where taught models are."""
    parser.add_argument(
        '--store',
        default='',
        metavar='DIR',
        help='folder of the taught models (default: models in the data folder)',
    )


def engine_options(args: argparse.Namespace) -> dict[str, Any]:
    """Give what :func:`add_engine_arguments` declared, as keyword arguments of ``open``."""
    return {'engine': args.engine, 'device': args.device, 'threads': args.threads}


def unusable(verb: str, error: Exception) -> int:
    """Say in one sentence why a verb cannot begin; gives the exit status."""
    sys.stderr.write(f'nn_perception {verb}: {error}\n')
    return STATUS_UNUSABLE


def work_through(
    args: argparse.Namespace,
    work: Callable[[str, Image], R],
    as_fields: Callable[[R], dict[str, Any]],
    as_text: Callable[[R], str],
) -> int:
    """
    Do one thing with each file and print what came of it.

    A file that cannot be read does not stop the others.

    :param work: gets the file's name and its picture; OSError, ValueError or RuntimeError says
        why there is no result
    :param as_fields: what stands beside the name in the JSON object
    :param as_text: lines for people, indented, below the name
    :returns: exit status
    """
    failed = False
    for file, result, error in _results(progress(args.files), work):
        failed = failed or result is None
        if args.json:
            fields = {'error': error} if result is None else as_fields(result)
            sys.stdout.write(json.dumps({'file': file, **fields}) + '\n')
        elif result is None:
            sys.stderr.write(f'{error}\n')
        else:
            sys.stdout.write(f'{file}\n{as_text(result)}')
    return STATUS_FAILED if failed else 0


def _results(
    files: Iterable[str], work: Callable[[str, Image], R]
) -> Iterator[tuple[str, R | None, str]]:
    """Give for each file its result, or None and a sentence that says why there is none."""
    from nn_perception.core.imaging.image_files import read_image

    for file in files:
        try:
            yield file, work(file, read_image(file)), ''
        except (OSError, ValueError, RuntimeError) as error:
            yield file, None, str(error)


def whole_number(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Make the type of an argument that is a whole number within bounds."""

    def convert(text: str) -> int:
        value = int(text)
        if value < minimum or (maximum is not None and value > maximum):
            bounds = f'at least {minimum}' if maximum is None else f'{minimum} to {maximum}'
            raise argparse.ArgumentTypeError(f'must be {bounds}, got {value}')
        return value

    # Named in the message for what is no number at all.
    convert.__name__ = 'whole number'
    return convert


def probability(text: str) -> float:
    """Convert an argument that is 0 to 1."""
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f'must be 0 to 1, got {value}')
    return value
