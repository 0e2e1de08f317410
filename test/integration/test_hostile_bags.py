"""Bags of strangers cost neither memory, disk nor time, and give a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import os
from pathlib import Path
import re
import sqlite3
import subprocess
import sys
import time

from backports import zstd
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
import numpy as np
import pytest
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

TYPES = get_typestore(Stores.ROS2_JAZZY)
IMAGE = 'sensor_msgs/msg/Image'
MAX_BYTES = 200_000_000
# On an idle machine it is a second, most of which starts Python.
MAX_S = 5.0


@dataclass
class Outcome:
    """What a run of the command cost, and what it said."""

    status: int
    error: str
    memory_bytes: int
    temporary_bytes: int
    cpu_s: float


def run(given: Path, folder: Path) -> Outcome:
    """Annotate a bag, and watch the folder for temporary files."""
    temporary = folder / 'temporary'
    temporary.mkdir()
    output = folder / 'made'
    process = subprocess.Popen(
        [sys.executable, '-m', 'nn_perception.cli', 'bag', str(given), str(output), '--tags'],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, 'TMPDIR': str(temporary)},
    )
    most = memory_bytes = 0
    while not (done := os.wait4(process.pid, os.WNOHANG))[0]:
        most = max(most, *(size_of(path) for path in temporary.iterdir()), 0)
        memory_bytes = max(memory_bytes, peak_bytes(process.pid))
        time.sleep(0.005)
    process.returncode = os.waitstatus_to_exitcode(done[1])
    usage = done[2]
    assert process.stderr is not None
    with process.stderr:
        error = process.stderr.read()
    assert list(temporary.iterdir()) == []
    assert not output.exists()
    assert not output.with_name('made.unfinished').exists()
    cpu_s = usage.ru_utime + usage.ru_stime
    return Outcome(process.returncode, error, memory_bytes, most, cpu_s)


def peak_bytes(pid: int) -> int:
    """Read the peak of a process; that of wait4 includes what this process had before exec."""
    found = re.search(r'VmHWM:\s+(\d+) kB', Path(f'/proc/{pid}/status').read_text())
    return int(found[1]) * 1024 if found else 0


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def write(path: Path, compression: str = 'NONE', storage: str = 'SQLITE3') -> Path:
    time_type, header = (
        TYPES.types['builtin_interfaces/msg/Time'],
        TYPES.types['std_msgs/msg/Header'],
    )
    pixels = np.zeros(4 * 4 * 3, np.uint8)
    message = TYPES.types[IMAGE](header(time_type(1, 0), 'x'), 4, 4, 'bgr8', 0, 12, pixels)
    writer = Writer(path, version=9, storage_plugin=StoragePlugin[storage])
    writer.set_compression(CompressionMode[compression], CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection('/image', IMAGE, typestore=TYPES)
        for i in range(3):
            writer.write(connection, i, TYPES.serialize_cdr(message, IMAGE))
    return path


def zeros(size: int) -> bytes:
    compressor, piece = zstd.ZstdCompressor(), bytes(1_000_000)
    return b''.join([compressor.compress(piece) for _ in range(size // len(piece))]) + (
        compressor.flush()
    )


def aliases(path: Path) -> Path:
    write(path)
    text = ''.join(f'    a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 9)}]\n' for i in range(1, 10))
    with (path / 'metadata.yaml').open('a') as stream:
        stream.write('  notes:\n    a0: &a0 [x, x, x, x, x, x, x, x, x]\n' + text)
    return path


def endless_metadata(path: Path) -> Path:
    write(path)
    with (path / 'metadata.yaml').open('ab') as stream:
        stream.truncate(10**11)
    return path


def file_bomb(path: Path) -> Path:
    write(path, 'FILE')
    stored = (path / 'bag.db3.zstd').read_bytes()
    (path / 'bag.db3.zstd').write_bytes(stored + zeros(4_000_000_000))
    return path


def message_bomb(path: Path) -> Path:
    write(path, 'MESSAGE')
    with sqlite3.connect(path / 'bag.db3') as database:
        database.execute('UPDATE messages SET data = ? WHERE id = 3', [zeros(3_000_000_000)])
    database.close()
    return path


def chunk_bomb(path: Path) -> Path:
    with path.with_suffix('.mcap').open('wb') as stream:
        writer = McapWriter(stream, compression=CompressionType.LZ4, chunk_size=2**40)
        writer.start('ros2')
        channel = writer.register_channel('/image', 'cdr', writer.register_schema(IMAGE, '', b''))
        for i in range(15):
            writer.add_message(channel, i, bytes(20_000_000), i)
        writer.finish()
    return path.with_suffix('.mcap')


def pipe(path: Path) -> Path:
    write(path)
    (path / 'bag.db3').unlink()
    os.mkfifo(path / 'bag.db3')
    return path


def pipe_of_metadata(path: Path) -> Path:
    write(path)
    (path / 'metadata.yaml').unlink()
    os.mkfifo(path / 'metadata.yaml')
    return path


def device(path: Path) -> Path:
    write(path, storage='MCAP')
    (path / 'bag.mcap').unlink()
    (path / 'bag.mcap').symlink_to('/dev/zero')
    return path


def profiles(path: Path) -> Path:
    write(path)
    laughs = 'a: &a0 [x, x]\n' + ''.join(
        f'b: &a{i} [*a{i - 1}, *a{i - 1}]\n' for i in range(1, 60)
    )
    with sqlite3.connect(path / 'bag.db3') as database:
        database.execute('UPDATE topics SET offered_qos_profiles = ?', [laughs])
        database.execute('UPDATE messages SET data = 1 WHERE id = 3')
    database.close()
    return path


@pytest.mark.parametrize(
    ('make', 'reason'),
    [
        (aliases, 'holds more than 300000 values'),
        (endless_metadata, 'it is larger than 8 MB'),
        (file_bomb, 'bag.db3.zstd expands to more than the limit of 128 MB'),
        (message_bomb, 'expand to more than 128000000 bytes'),
        (chunk_bomb, 'expand to 300 MB that are needed at once'),
        (pipe, 'bag.db3 is not a regular file'),
        (pipe_of_metadata, 'metadata.yaml is not a regular file'),
        (device, 'bag.mcap is not a regular file'),
        (profiles, 'row 3 is not a message'),
    ],
)
def test_a_sentence_and_nothing_else(
    tmp_path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    outcome = run(make(tmp_path / 'bag'), tmp_path)
    assert (outcome.status, outcome.error.count('\n')) == (2, 1), outcome.error
    assert reason in outcome.error
    assert outcome.error.startswith('nn_perception bag: ')
    assert outcome.memory_bytes < MAX_BYTES
    assert outcome.temporary_bytes < MAX_BYTES
    assert outcome.cpu_s < MAX_S


def test_the_bags_that_once_failed(tmp_path: Path, cases: Path) -> None:
    for name in ('yaml_bomb', 'zstd_file_bomb'):
        folder = tmp_path / name
        folder.mkdir()
        outcome = run(cases / '33_bags_of_strangers' / name, folder)
        assert (outcome.status, outcome.error.count('\n')) == (2, 1), outcome.error
        assert outcome.memory_bytes < MAX_BYTES
        assert outcome.temporary_bytes < MAX_BYTES
        assert outcome.cpu_s < MAX_S
