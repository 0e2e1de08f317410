"""What a process uses, observed from outside, in ``/proc`` and ``/dev/shm``."""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path
import time

SHARED_MEMORY = Path('/dev/shm')
_TICKS_S = os.sysconf('SC_CLK_TCK')


@dataclass(frozen=True)
class ProcessSample:
    """
    A process at one moment.

    :param at_s: time of the sample, on the steady clock
    :param resident_mb: memory in use, the shared part included
    :param shared_mb: of that, shared memory (segments of the middleware)
    :param threads: number of threads
    :param descriptors: number of open files, sockets and the like
    :param cpu_s: CPU time since its start
    """

    at_s: float
    resident_mb: float
    shared_mb: float
    threads: int
    descriptors: int
    cpu_s: float


def take_sample(pid: int) -> ProcessSample:
    """
    Sample a process.

    :raises OSError: if the process does not exist any more
    """
    folder = Path('/proc') / str(pid)
    status = dict(
        line.split(':', 1) for line in (folder / 'status').read_text().splitlines() if ':' in line
    )
    if 'VmRSS' not in status:
        raise OSError(f'process {pid} has ended')
    # The name in brackets may contain spaces; the field after it is number 3.
    fields = (folder / 'stat').read_text().rpartition(')')[2].split()
    return ProcessSample(
        at_s=time.monotonic(),
        resident_mb=_kilobytes(status['VmRSS']) / 1024,
        shared_mb=_kilobytes(status['RssShmem']) / 1024,
        threads=int(status['Threads']),
        descriptors=len(os.listdir(folder / 'fd')),
        cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_S,
    )


def _kilobytes(text: str) -> int:
    return int(text.split()[0])


def shared_entries(pid: int) -> set[str]:
    """
    Name the entries of ``/dev/shm`` that a process has mapped or open.

    Other programs use the folder too, so entries that are left behind can only be attributed by
    who used them. Deleted entries are left out. Empty for a process that has ended.
    """
    folder = Path('/proc') / str(pid)
    paths: set[str] = set()
    try:
        for line in (folder / 'maps').read_text().splitlines():
            paths.add(line.partition('/')[1] + line.partition('/')[2])
        for link in (folder / 'fd').iterdir():
            paths.add(_target(link))
    except OSError:
        return set()
    inside = f'{SHARED_MEMORY}/'
    return {path.removeprefix(inside) for path in paths if _is_entry(path, inside)}


def _is_entry(path: str, inside: str) -> bool:
    return path.startswith(inside) and not path.endswith(' (deleted)')


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ''


def all_shared_entries() -> set[str]:
    """Name all entries of ``/dev/shm``."""
    return {path.name for path in SHARED_MEMORY.iterdir()}


def used_by_anyone() -> set[str]:
    """Name the entries of ``/dev/shm`` that any process has mapped or open."""
    pids = [int(path.name) for path in Path('/proc').iterdir() if path.name.isdigit()]
    return set[str]().union(*map(shared_entries, pids))


def shared_size_mb(entries: set[str]) -> float:
    """Return the total size of entries of ``/dev/shm``; deleted ones count as nothing."""
    blocks = 0
    for name in entries:
        try:
            blocks += (SHARED_MEMORY / name).stat().st_blocks
        except OSError:
            continue
    return blocks * 512 / 2**20


def folder_size(folder: Path) -> int:
    """Return the total size in bytes of the files in a folder and its subfolders."""
    return sum(path.stat().st_size for path in folder.rglob('*') if path.is_file())
