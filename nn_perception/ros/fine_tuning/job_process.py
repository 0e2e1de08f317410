"""A lesson in a process of its own, and what it says on the way."""

from __future__ import annotations

from collections.abc import Callable
import json
import subprocess
import sys
import threading
from typing import Any

from nn_perception.core.subprocess import subprocess_environment
from nn_perception.training.fine_tuning.job import FineTuningJob

KILL_WAIT_S = 5.0


class FineTuningProcess:
    """
    Teach in a child process.

    The callbacks run in a thread of their own.

    :param lesson: what is taught
    :param on_progress: gets the fields of :class:`~nn_perception.training.fine_tuning.fine_tune.Progress`
    :param on_end: gets what came of it: the fields of
        :class:`~nn_perception.training.fine_tuning.job.Taught` or ``{'error': sentence}``; called once
    """

    def __init__(
        self,
        lesson: FineTuningJob,
        on_progress: Callable[[dict[str, Any]], None],
        on_end: Callable[[dict[str, Any]], None],
    ) -> None:
        self._on_progress = on_progress
        self._on_end = on_end
        self._killed = False
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'nn_perception.training.fine_tuning.job'],
            # Small matrices: threads would only wait for each other, and for perception.
            env={**subprocess_environment(), 'OPENBLAS_NUM_THREADS': '1'},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # A Ctrl-C on the terminal ends the node, which then ends its child.
            start_new_session=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(lesson.to_json() + '\n')
        self.process.stdin.close()
        self._thread = threading.Thread(target=self._listen, name='lesson', daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """End it at once; what it had not stored is gone, and nothing else."""
        self._killed = True
        self.process.kill()

    def join(self) -> None:
        """Wait until it has ended and ``on_end`` was called."""
        self._thread.join(KILL_WAIT_S)

    def _listen(self) -> None:
        end: dict[str, Any] = {}
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                break  # killed within a line
            if 'progress' in said:
                self._on_progress(said['progress'])
            else:
                end = said
        status = self.process.wait()
        if self._killed and 'taught' not in end:
            end = {'error': 'it was cancelled; nothing was changed'}
        elif not end:
            end = {'error': f'the training process ended with status {_in_words(status)}'}
        self._on_end(end.get('taught', end))


def _in_words(status: int) -> str:
    return f'{status}' if status >= 0 else f'{status}, by signal {-status}'
