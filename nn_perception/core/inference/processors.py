"""The processors that a network can use: CPU cores, and CUDA devices."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

MAX_DEFAULT_THREADS = 4

CONTROL_GROUPS = Path('/sys/fs/cgroup')
OWN_CONTROL_GROUP = Path('/proc/self/cgroup')


def default_threads(networks: int = 1) -> int:
    """
    Return the default number of threads of a network, see
    :class:`~nn_perception.core.inference.run_options.RunOptions`.

    :param networks: number of networks that run at the same time and share the cores
    """
    return max(1, min(usable_cores() // networks, MAX_DEFAULT_THREADS))


def usable_cores() -> int:
    """Count the cores that this process may use, by its CPU affinity and its CPU quotas."""
    cores = len(os.sched_getaffinity(0))
    for group in _control_groups():
        try:
            quota, period = (group / 'cpu.max').read_text(encoding='ascii').split()
            if quota != 'max':
                cores = min(cores, -(-int(quota) // int(period)))
        except (OSError, ValueError):
            pass  # the root group has no quota, and that of cgroup v1 is not in this file
    return max(1, cores)


def _control_groups() -> list[Path]:
    """
    List the control group (v2) of this process and its ancestors.

    A container sees its own group as the root; a systemd service is in ``system.slice``.
    """
    try:
        lines = OWN_CONTROL_GROUP.read_text(encoding='utf-8').splitlines()
    except (OSError, ValueError):
        lines = []
    own = next((line[3:] for line in lines if line.startswith('0::')), '/')
    names = [name for name in own.split('/') if name]
    return [CONTROL_GROUPS.joinpath(*names[:depth]) for depth in range(len(names) + 1)]


def cuda_devices() -> int:
    """Count the CUDA devices that the driver reports, without importing torch."""
    try:
        driver = ctypes.CDLL('libcuda.so.1')
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value
