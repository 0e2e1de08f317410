"""A process ends past threads that were left behind."""

from __future__ import annotations

import subprocess
import sys

from patience import stretched
import pytest

PROGRAM = """
import sys, threading, time
from nn_perception.ros.process.abandoned_threads import (
    abandon_thread,
    exit_despite_abandoned_threads,
)

thread = threading.Thread(target=time.sleep, args=(float(sys.argv[1]),), daemon=True)
thread.start()
abandon_thread(thread)
if sys.argv[2] == 'wait':
    thread.join()
print('clean')
status = exit_despite_abandoned_threads(3)
print('returned')
sys.exit(status)
"""


@pytest.mark.parametrize(('wait', 'output'), [('no', 'clean\n'), ('wait', 'clean\nreturned\n')])
def test_the_status_is_kept_and_the_output_written(wait: str, output: str) -> None:
    command = [sys.executable, '-c', PROGRAM, '0.1' if wait == 'wait' else '1000', wait]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=stretched(30), check=False
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout == output
