"""
Small files that would take gigabytes or minutes to decode cost next to nothing.

They are read in a process of their own, whose address space is limited to 2 GB, and which reports
the most memory that it ever took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
from pathlib import Path
import subprocess
import sys
from typing import Any

from image_bombs import harmless, REFUSED
from image_bytes import compressed
from nn_perception.core.imaging.encodings import compressed_to_bgr
from nn_perception.core.imaging.image_files import read_image
from patience import HANGS_S, slowness
import pytest

LIMIT_MB = 50
LIMIT_MS = 50

# For each file: as a file, and as a message. Small images first: they load the libraries.
READER = """
import json, resource, sys, time
from types import SimpleNamespace
import numpy as np
from nn_perception.core.imaging.encodings import compressed_to_bgr
from nn_perception.core.imaging.image_files import read_image

resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

def megabytes(name):
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name)) / 1024

def forget_the_peak():
    with open('/proc/self/clear_refs', 'w') as file:
        file.write('5')

def as_message(path):
    message = SimpleNamespace(format='jpeg', data=np.fromfile(path, np.uint8))
    return lambda: compressed_to_bgr(message)

def measure(path, read):
    forget_the_peak()
    before_mb, before_s = megabytes('VmRSS'), time.process_time()
    try:
        outcome = read().shape[0]
    except ValueError as error:
        outcome = str(error)
    took_ms = (time.process_time() - before_s) * 1e3
    print(json.dumps([path, outcome, took_ms, megabytes('VmHWM') - before_mb]))

for path in sys.argv[1:]:
    measure(path, lambda: read_image(path))
    measure(path, as_message(path))
"""


def measured(folder: Path, files: dict[str, bytes]) -> Iterator[tuple[str, Any, float, float]]:
    """Yield name, outcome, milliseconds and megabytes of each way in for each file."""
    warm = {name: stored for name, stored in harmless().items() if 'exif' in name or 'gif' in name}
    paths = {}
    for i, stored in enumerate((*warm.values(), *files.values())):
        path = folder / f'{i}.jpg'
        path.write_bytes(stored)
        paths[str(path)] = [*warm, *files][i]
    command = [sys.executable, '-c', READER, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS_S, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()][2 * len(warm) :]
    assert len(lines) == 2 * len(files)
    for path, outcome, took_ms, extra_mb in lines:
        yield paths[path], outcome, took_ms, extra_mb


def test_bombs_are_refused_at_once_and_cost_no_memory(tmp_path: Path) -> None:
    files = {name: stored for name, (stored, _) in REFUSED.items()}
    limit_ms = LIMIT_MS * slowness()
    for name, outcome, took_ms, extra_mb in measured(tmp_path, files):
        assert isinstance(outcome, str), name
        assert REFUSED[name][1] in outcome, (name, outcome)
        assert len(outcome) < 300 + len(str(tmp_path)), name
        assert extra_mb < LIMIT_MB, (name, extra_mb)
        assert took_ms < limit_ms, (name, took_ms)


def test_what_nobody_looks_at_costs_nothing(tmp_path: Path) -> None:
    limit_ms = LIMIT_MS * slowness()
    for name, outcome, took_ms, extra_mb in measured(tmp_path, harmless()):
        assert outcome in (8, 32), (name, outcome)
        assert extra_mb < LIMIT_MB, (name, extra_mb)
        assert took_ms < limit_ms, (name, took_ms)


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('bomb_10000_1bit.png', 'too large: 10000 x 10000'),
        ('hidden_20000.jpg', 'too large: 20000 x 20000'),
        ('png_chunk_4GB.png', 'truncated'),
        ('scans_100.jpg', 'scans'),
    ],
)
def test_bombs_that_were_met(cases: Path, name: str, reason: str) -> None:
    path = cases / '32_compressed_bombs' / name
    ways: tuple[Callable[[], Any], ...] = (
        lambda: read_image(path),
        lambda: compressed_to_bgr(compressed(path.read_bytes())),
    )
    for read in ways:
        with pytest.raises(ValueError, match=reason):
            read()
