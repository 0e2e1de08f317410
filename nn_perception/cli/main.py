"""
The command ``nn_perception``: a table of verbs, one module each.

The module of a verb has ``add_arguments(parser)`` and ``run(args) -> int``, which returns the
exit status. It imports heavy modules only when it runs, so that the command starts at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import importlib
import logging
import sys
from typing import Any

from nn_perception import __version__
from nn_perception.cli.console import Parser
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.ros_words import ros_problem
from nn_perception.core.command_name import COMMAND, command_name
from nn_perception.core.import_path import forget_current_folder
from nn_perception.core.standard_streams import (
    flush_output,
    OutputError,
    prepare_standard_streams,
    settle_standard_streams,
    write_error,
)

# verb -> module, and the line that the help shows
VERBS: dict[str, tuple[str, str]] = {
    'tag': ('tag', 'tag pictures with what they show'),
    'digits': ('digits', 'read the digits in pictures'),
    'pose': ('pose', 'find people and their keypoints in pictures'),
    'sound': ('sound', 'say what recordings hold, by time'),
    'train': ('train', 'fine-tune a network on a folder of labelled pictures'),
    'dataset': ('dataset', 'manage datasets of labelled pictures'),
    'export': ('export', 'write a model for other programs: ONNX, TorchScript or zip'),
    'train-digits': ('train_digits', 'train the network of the digit reader'),
    'bag': ('bag', 'copy a recorded bag and add the results for its images'),
    'studio': ('studio', 'serve the page: see, draw, teach and play in a browser'),
    'models': ('models', 'list the models on this machine, and manage fine-tuned ones'),
    'bench': ('bench', 'measure speed and memory on this machine'),
}
LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command.

    :param arguments: without the command's name; by default those of the process
    :returns: the exit status, see :class:`nn_perception.cli.exit_status.ExitStatus`
    """
    prepare_standard_streams()
    if arguments is None:
        forget_current_folder()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(words)
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except OutputError as error:
        if error.reader_ended:
            return ExitStatus.BROKEN_PIPE
        write_error(f'{COMMAND}: {error}\n')
        return ExitStatus.FAILED
    finally:
        settle_standard_streams()


def _run(words: Sequence[str]) -> int:
    """Run a verb, or show the help or what is wrong with the words."""
    verb = next((word for word in words if not word.startswith('-')), None)
    if problem := ros_problem(words, verb):
        write_error(f'{COMMAND}: {problem}\n')
        return ExitStatus.USAGE
    try:
        args = _parser(verb).parse_args(words)
    except SystemExit:
        # The help may be what cannot be written.
        flush_output()
        raise
    logging.basicConfig(
        level=LEVELS[min(args.verbose, len(LEVELS) - 1)],
        format='%(levelname)s: %(message)s',
        stream=sys.stderr,
    )
    status = int(_module(args.verb).run(args))
    flush_output()
    return status


def _module(verb: str) -> Any:
    return importlib.import_module(f'nn_perception.cli.verbs.{VERBS[verb][0]}')


def _parser(verb: str | None) -> argparse.ArgumentParser:
    """Build the parser; only the module of the given verb is imported for its arguments."""
    parser = Parser(
        prog=command_name(),
        description='Image tags, digits, human poses and sounds, from the command line.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB')
    for name, (_, summary) in VERBS.items():
        child = verbs.add_parser(name, help=summary, description=summary.capitalize() + '.')
        child.add_argument(
            '-v', '--verbose', action='count', default=0, help='log more; twice: debug messages'
        )
        if name == verb:
            _module(name).add_arguments(child)
    return parser


if __name__ == '__main__':
    sys.exit(main())
