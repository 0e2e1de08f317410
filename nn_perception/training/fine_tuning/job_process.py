"""
A fine-tuning job in a process of its own.

Training then takes little from perception, can be cancelled at any moment, and costs nothing when
it crashes. :class:`FineTuningProcess` starts the process and listens to it; :func:`main` runs in
it. The process reads the job as a line of JSON from standard input. It writes lines of JSON to
standard output: ``{"progress": ...}`` often, then ``{"result": ...}`` or ``{"error": ...}`` once.
Before it stores the result, it writes ``{"trained": true}`` and waits for a line: from there on,
the job cannot be cancelled any more.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import ctypes
from dataclasses import asdict
from enum import Enum
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
from typing import Any

from nn_perception.core.files.scratch import scratch_folder
from nn_perception.core.subprocess import module_command, subprocess_environment
from nn_perception.training.fine_tuning.job import FineTuningJob, JobResult

KILL_WAIT_S = 5.0
# A version that is complete is stored within this time.
STORE_WAIT_S = 2.0
CANCELLED = 'the job was cancelled; nothing has changed'
# Perception has priority; what it leaves of the processor is enough.
NICENESS = 15
PR_SET_PDEATHSIG = 1


class Stage(Enum):
    """What a job does; it can only be cancelled while it trains."""

    TRAINING = 'training'
    CANCELLED = 'cancelled'
    STORING = 'storing'
    ENDED = 'ended'


class FineTuningProcess:
    """
    Run a job in a child process.

    The callbacks run in a thread of their own. What ends a job first decides how it ends: a job
    that was cancelled has no result and changes nothing, and one that stores its result cannot be
    cancelled.

    :param job: the job
    :param on_progress: gets the fields of
        :class:`nn_perception.training.fine_tuning.fine_tune.Progress`
    :param on_end: called once, with the result, or with a sentence that says why there is none
    """

    def __init__(
        self,
        job: FineTuningJob,
        on_progress: Callable[[dict[str, Any]], None],
        on_end: Callable[[JobResult | str], None],
    ) -> None:
        self._on_progress = on_progress
        self._on_end = on_end
        self._stage = Stage.TRAINING
        # Held while the stage is read or changed.
        self._lock = threading.Lock()
        with contextlib.ExitStack() as stack:
            # A killed child leaves its temporary files in it.
            folder = stack.enter_context(scratch_folder())
            self.process = _start(job, folder)
            self._cleanup = stack.pop_all()
        self._thread = threading.Thread(target=self._listen, name='fine-tuning', daemon=True)
        self._thread.start()

    def cancel(self) -> bool:
        """
        Cancel the job at once, unless it has ended or stores its result already.

        :returns: whether it is cancelled; then it ends without a result, and changes nothing
        """
        with self._lock:
            if self._stage is Stage.TRAINING:
                self._stage = Stage.CANCELLED
                self.process.kill()
            return self._stage is Stage.CANCELLED

    def stop(self) -> None:
        """Cancel the job, or let it store its result if that has begun; wait for its end."""
        if not self.cancel():
            self._thread.join(STORE_WAIT_S)
            self.process.kill()
        self.join()

    def join(self) -> None:
        """Wait until the process has ended and ``on_end`` was called."""
        self._thread.join(KILL_WAIT_S)

    def _listen(self) -> None:
        end: JobResult | str = ''
        try:
            end = self._receive_end()
        except BaseException:
            self.process.kill()  # nobody listens to it any more
            raise
        finally:
            status = self.process.wait()
            assert self.process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            self._cleanup.close()
            with self._lock:
                stage = self._stage
                self._stage = stage if stage is Stage.CANCELLED else Stage.ENDED
            failed = f'the training process ended with status {_in_words(status)}'
            if stage is Stage.STORING:
                failed += '; it was storing the new version, which may be complete and active'
            self._on_end(CANCELLED if stage is Stage.CANCELLED else end or failed)

    def _receive_end(self) -> JobResult | str:
        """Pass on the progress, and return the last message of the process; empty if none."""
        end: JobResult | str = ''
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                break  # killed in the middle of a line
            if 'progress' in message:
                self._on_progress(message['progress'])
            elif 'trained' in message:
                self._let_it_store()
            else:
                end = _end_of(message)
        return end

    def _let_it_store(self) -> None:
        assert self.process.stdin is not None
        with self._lock:
            if self._stage is Stage.TRAINING:
                self._stage = Stage.STORING
                with contextlib.suppress(BrokenPipeError):  # it was killed by somebody else
                    self.process.stdin.write('store\n')
                    self.process.stdin.flush()


def _start(job: FineTuningJob, folder: Path) -> subprocess.Popen[str]:
    """
    Start the process of a job, and send the job to it.

    :param folder: private folder of the process, in which nothing is imported by mistake
    """
    process = subprocess.Popen(
        module_command('nn_perception.training.fine_tuning.job_process'),
        cwd=folder,
        # The matrices are small: threads would only wait for each other, and for perception.
        env={**subprocess_environment(folder), 'OPENBLAS_NUM_THREADS': '1'},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C on the terminal ends the parent, which then ends its child.
        start_new_session=True,
    )
    assert process.stdin is not None
    # It may have ended already; the reason is what it wrote, or its status.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(job.with_absolute_paths().to_json() + '\n')
        process.stdin.flush()
    return process


def _end_of(message: dict[str, Any]) -> JobResult | str:
    """Parse the last message of the process."""
    if 'error' in message:
        return str(message['error'])
    fields = message['result']
    fields['checkpoint'], fields['labels'] = Path(fields['checkpoint']), tuple(fields['labels'])
    return JobResult(**fields)


def _in_words(status: int) -> str:
    return f'{status}' if status >= 0 else f'{status}, by signal {-status}'


def main() -> int:
    """Run the job from standard input; the entry point of the process."""
    # A parent that is gone cannot use the result.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(NICENESS)
    job = FineTuningJob.from_json(sys.stdin.readline())
    # Whatever libraries print must not get between the lines of JSON.
    out = os.fdopen(os.dup(sys.stdout.fileno()), 'w', buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def send(kind: str, values: Any) -> None:
        out.write(json.dumps({kind: values}, default=str) + '\n')

    def wait_for_permission() -> None:
        send('trained', True)
        sys.stdin.readline()  # a parent that cancels the job kills this process instead

    try:
        result = job.run(lambda progress: send('progress', asdict(progress)), wait_for_permission)
    except (OSError, ValueError, RuntimeError, ArithmeticError) as error:
        send('error', str(error))
        return 1
    send('result', asdict(result))
    return 0


if __name__ == '__main__':
    sys.exit(main())
