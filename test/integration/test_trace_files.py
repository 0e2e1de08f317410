"""An image takes a short way through the code, which one can read in one go."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys

MAX_FILES = 10
MAX_RETURNS = 3


def test_an_image_enters_few_files(repository: Path, ros_environment: None) -> None:
    tool = repository / 'tools' / 'trace_files.py'
    command = [sys.executable, str(tool), 'image', str(repository), '--json']
    done = subprocess.run(command, capture_output=True, text=True, timeout=120.0)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)['image']
    assert 5 < counts['files'] <= MAX_FILES, 'list the calls with tools/trace_files.py --calls'
    assert counts['returns'] <= MAX_RETURNS
