"""Sentences for the user on standard error, and results on standard output."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from nn_perception.cli.exit_status import ExitStatus
from nn_perception.core.standard_streams import write_error, write_output


class Parser(argparse.ArgumentParser):
    """Parser whose help and errors survive a stream that cannot be written."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            (write_output if file is sys.stdout else write_error)(message)


def report(verb: str, sentence: str) -> None:
    """Write a sentence to standard error, with the command and the verb in front of it."""
    write_error(f'nn_perception {verb}: {sentence}\n')


def fail(verb: str, error: Exception, status: ExitStatus = ExitStatus.USAGE) -> ExitStatus:
    """Report why a verb ends early, and return its exit status."""
    report(verb, str(error))
    return status


def print_result(as_json: bool, fields: dict[str, Any], *lines: str) -> None:
    """
    Print a result as one JSON object, or as lines for people.

    :raises OutputError: if that fails
    """
    write_output((json.dumps(fields) if as_json else '\n'.join(lines)) + '\n')
