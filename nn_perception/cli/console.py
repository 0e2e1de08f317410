"""Sentences for the user, on standard error."""

from __future__ import annotations

import sys

from nn_perception.cli.exit_status import ExitStatus


def report(verb: str, sentence: str) -> None:
    """Write a sentence to standard error, with the command and the verb in front of it."""
    sys.stderr.write(f'nn_perception {verb}: {sentence}\n')


def fail(verb: str, error: Exception, status: ExitStatus = ExitStatus.USAGE) -> ExitStatus:
    """Report why a verb ends early, and return its exit status."""
    report(verb, str(error))
    return status
