"""
How a network is run: by ONNX Runtime on a CPU, by torch on a GPU.

Measured settings and the reasons for them: ``docs/engines.md``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
import ctypes
import logging
import os
from pathlib import Path
from typing import Any

from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.options import DEVICES, ENGINES
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

MOST_THREADS_BY_DEFAULT = 4

CONTROL_GROUPS = Path('/sys/fs/cgroup')
OWN_CONTROL_GROUP = Path('/proc/self/cgroup')


class Engine(ABC):
    """
    A network that is ready to run.

    :ivar name: ``onnxruntime`` or ``torch``
    :ivar device: ``cpu`` or ``cuda``
    :ivar description: what runs where, in one line
    """

    name: str
    device: str
    description: str

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """
        Run a network that has one output, as classifiers do; see :meth:`outputs`.

        :returns: float32, ``(N, L)``, a value for each label
        """
        return self.outputs(batch)[0]

    @abstractmethod
    def outputs(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """
        Run the network.

        :param batch: float32, ``(N, C, H, W)``, with the channels that the network takes
        :returns: each output of the network, float32, the first axis N long
        :raises ValueError: if the batch is of another type, number of axes or of channels
        :raises RuntimeError: if the network cannot be run on it, or the engine is closed
        """

    @abstractmethod
    def close(self) -> None:
        """Free the network's memory; closing twice does nothing."""


def open_engine(
    checkpoint: Checkpoint,
    *,
    engine: str = 'auto',
    device: str = 'auto',
    threads: int = 0,
    streams: int = 1,
) -> Engine:
    """
    Load a network and choose how it is run.

    ``auto`` takes torch where there is a CUDA device, ONNX Runtime on a CPU. What cannot be had
    is replaced by the CPU with a warning.

    :param engine: one of :data:`~nn_perception.core.options.ENGINES`
    :param device: one of :data:`~nn_perception.core.options.DEVICES`
    :param threads: number of threads on a CPU; 0: as many as there are usable cores, at most
        four, since a small network gains nothing from more and others need them
    :param streams: how many images of a batch ONNX Runtime works on at a time where it would not
        keep up otherwise, at most as many as there are threads, which they share; others do a
        batch as a whole
    :raises ValueError: if an argument or the checkpoint is not usable
    :raises RuntimeError: if the network cannot be loaded
    """
    _check(engine, device, threads, streams)
    threads = threads or default_threads()
    wants_cuda = device == 'cuda' or (device == 'auto' and engine != 'onnxruntime')
    if wants_cuda and engine == 'onnxruntime':
        LOG.warning('device cuda is served by the engine torch only: onnxruntime uses the CPU')
    elif wants_cuda and cuda_devices() > 0:
        try:
            return _open_torch(checkpoint, 'cuda', threads)
        except (ModuleNotFoundError, RuntimeError) as error:
            LOG.warning('the CUDA device cannot be used, running on the CPU: %s', error)
    elif device == 'cuda':
        LOG.warning('device cuda was asked for, but there is none: running on the CPU')
    try:
        if engine == 'torch':
            return _open_torch(checkpoint, 'cpu', threads)
        return _open_onnxruntime(checkpoint, threads, min(streams, threads))
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"the Python package {error.name} is missing ('pip install {error.name}')"
        ) from error
    except (ImportError, AttributeError) as error:
        # What a package says that was built against another numpy.
        raise RuntimeError(f'the engine cannot be imported: {error}') from error


def default_threads(networks: int = 1) -> int:
    """
    Count the threads that a network gets where nobody says: see :func:`open_engine`.

    :param networks: how many run at a time and share the cores
    """
    return max(1, min(usable_cores() // networks, MOST_THREADS_BY_DEFAULT))


def usable_cores() -> int:
    """Count the cores that this process may use: its affinity, and the quotas on it."""
    cores = len(os.sched_getaffinity(0))
    for group in _control_groups():
        try:
            quota, period = (group / 'cpu.max').read_text(encoding='ascii').split()
            if quota != 'max':
                cores = min(cores, -(-int(quota) // int(period)))
        except (OSError, ValueError):
            pass  # the topmost has no quota, and cgroup v1 none that could be read here
    return max(1, cores)


def _control_groups() -> list[Path]:
    """
    Name this process's control group (v2) and all around it.

    A container sees its own as the topmost; a systemd service lies in ``system.slice``.
    """
    try:
        lines = OWN_CONTROL_GROUP.read_text(encoding='utf-8').splitlines()
    except (OSError, ValueError):
        lines = []
    own = next((line[3:] for line in lines if line.startswith('0::')), '/')
    names = [name for name in own.split('/') if name]
    return [CONTROL_GROUPS.joinpath(*names[:depth]) for depth in range(len(names) + 1)]


def cuda_devices() -> int:
    """Count the CUDA devices that the driver shows, without importing torch."""
    try:
        driver = ctypes.CDLL('libcuda.so.1')
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def check_batch(batch: NDArray[Any], channels: int) -> None:
    """
    Refuse what is no batch of images.

    :param channels: of the network's input
    :raises ValueError: if it is not float32 with four axes, at least one image and these channels
    """
    if (
        batch.dtype != np.float32
        or batch.ndim != 4
        or batch.shape[1] != channels
        or len(batch) < 1
    ):
        raise ValueError(
            f'expected a batch of float32, N x {channels} x H x W, got {batch.dtype} of shape '
            f'{batch.shape}'
        )


def _check(engine: str, device: str, threads: int, streams: int) -> None:
    if engine not in ENGINES:
        raise ValueError(f'engine must be one of {", ".join(ENGINES)}, got {engine!r}')
    if device not in DEVICES:
        raise ValueError(f'device must be one of {", ".join(DEVICES)}, got {device!r}')
    if not 0 <= threads <= 256:
        raise ValueError(f'threads must be 0 (automatic) to 256, got {threads}')
    if streams < 1:
        raise ValueError(f'streams must be at least 1, got {streams}')


def _open_onnxruntime(checkpoint: Checkpoint, threads: int, streams: int) -> Engine:
    from nn_perception.core.inference.onnxruntime_engine import OnnxRuntimeEngine

    engine = OnnxRuntimeEngine(checkpoint, threads, streams)
    LOG.info('%s: %s', checkpoint.name, engine.description)
    return engine


def _open_torch(checkpoint: Checkpoint, device: str, threads: int) -> Engine:
    from nn_perception.core.inference.torch_engine import TorchEngine

    engine = TorchEngine(checkpoint, device, threads)
    LOG.info('%s: %s', checkpoint.name, engine.description)
    return engine
