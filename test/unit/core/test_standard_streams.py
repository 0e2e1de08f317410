"""Standard streams that are closed."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import os, sys
from nn_perception.core.standard_streams import prepare_standard_streams
prepare_standard_streams()
prepare_standard_streams()
# What is opened now has none of their numbers, and what is printed is not in it.
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.write(1, b'library output')
os.write(2, b'library warning')
sys.stdout.write('output')
sys.stderr.write('warning')
sys.stdout.flush()
assert sys.stdin.read() == ''
os._exit(0 if file > 2 and os.fstat(file).st_size == 0 else 1)
"""


@pytest.mark.parametrize(
    'streams', ['<&-', '<&- >&-', '>&- </dev/null', '>&- 2>&- <&-', '2>&- <&-']
)
def test_files_do_not_take_the_place_of_closed_streams(tmp_path, streams):
    command = f'"{sys.executable}" -c "$0" {tmp_path}/file {streams}'
    finished = subprocess.run(['bash', '-c', command, CODE], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
