"""
The command ``nn_perception``: a table of verbs, each a module of its own.

A verb's module has ``add_arguments(parser)`` and ``run(args) -> int``, the exit status.
It imports what is heavy when it runs, so that the command starts at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import importlib
import logging
import os
import sys

from nn_perception import __version__

# verb -> module and the line that the help shows
VERBS = {
    'tag': ('nn_perception.cli.tag', 'say what pictures show'),
    'digits': ('nn_perception.cli.digits', 'read the digits in pictures'),
    'pose': ('nn_perception.cli.pose', 'find the people in pictures, and their joints'),
    'train': ('nn_perception.cli.train', 'teach a network the labels of a folder of pictures'),
    'train-digits': ('nn_perception.cli.train_digits', "train the digit reader's network"),
    'bag': ('nn_perception.cli.bag', 'add what the images of a recorded bag show to a copy of it'),
    'models': ('nn_perception.cli.models', 'list the models on this machine'),
    'bench': ('nn_perception.cli.bench', 'measure speed and memory on this machine'),
}
STATUS_USAGE = 2
STATUS_INTERRUPTED = 130
STATUS_BROKEN_PIPE = 141
LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command.

    :param arguments: without the command's name; by default those of the process
    :returns: exit status: 0, 1 if a part of the work failed, 2 if it was asked for wrongly or
        cannot be done, 130 if it was interrupted
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    verb = next((word for word in words if not word.startswith('-')), None)
    try:
        args = _parser(verb).parse_args(words)
        logging.basicConfig(
            level=LEVELS[min(args.verbose, len(LEVELS) - 1)],
            format='%(levelname)s: %(message)s',
            stream=sys.stderr,
        )
        status = int(importlib.import_module(VERBS[args.verb][0]).run(args))
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return STATUS_INTERRUPTED
    except BrokenPipeError:
        # What is still buffered would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STATUS_BROKEN_PIPE


def _parser(verb: str | None) -> argparse.ArgumentParser:
    """Build the parser; only the verb that is asked for is imported for its arguments."""
    parser = argparse.ArgumentParser(
        prog='nn_perception',
        description='Image tags, handwritten digits and human poses, from the command line.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB')
    for name, (module, help_text) in VERBS.items():
        child = verbs.add_parser(name, help=help_text, description=help_text.capitalize() + '.')
        child.add_argument(
            '-v', '--verbose', action='count', default=0, help='say more; twice: everything'
        )
        if name == verb:
            importlib.import_module(module).add_arguments(child)
    return parser


if __name__ == '__main__':
    sys.exit(main())
