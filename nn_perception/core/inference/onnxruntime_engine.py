"""The engine ONNX Runtime: float32 on the CPU."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
import ctypes
import os
import time
from typing import Any

from nn_perception.core.imaging.preprocessing import check_batch
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.engine import Engine
from nn_perception.core.inference.export_cache import export_file
from nn_perception.core.inference.onnxruntime_import import onnxruntime
from nn_perception.core.load_monitor import LoadMonitor
import numpy as np
from numpy.typing import NDArray
from onnxruntime.capi import (  # type: ignore[import-untyped, unused-ignore]
    onnxruntime_pybind11_state as native,
)

# The only common base class of ONNX Runtime's exceptions is Exception.
NATIVE_ERRORS = tuple(
    value
    for value in vars(native).values()
    if isinstance(value, type) and issubclass(value, Exception)
)
SPIN_US = '50'
_LIBC = ctypes.CDLL(None)
FIRST_WITH_SPIN_DURATION = (1, 26)
WARNINGS_AND_ERRORS = 3


class OnnxRuntimeEngine(Engine):
    """A network in ONNX Runtime, float32."""

    name = 'onnxruntime'
    device = 'cpu'

    def __init__(
        self,
        checkpoint: Checkpoint,
        threads: int,
        parallel_batches: int = 1,
        *,
        keep_buffers: bool = True,
    ) -> None:
        """
        Load a network; export it first if it is not in the cache.

        Cores that run in parallel slow each other down. So a batch is split only while one thread
        cannot keep up.

        :param threads: number of threads
        :param parallel_batches: number of parts into which a batch may be split, which share the
            threads; a single image always uses one share
        :param keep_buffers: see :class:`~nn_perception.core.inference.run_options.RunOptions`
        :raises RuntimeError: if the network cannot be exported or loaded
        """
        self._cores = os.sched_getaffinity(0)
        self._executor = ThreadPoolExecutor(parallel_batches) if parallel_batches > 1 else None
        self._parallel_batches = parallel_batches
        self._load_monitor = LoadMonitor()
        threads //= parallel_batches
        self._pool_cores = pool_cores(threads, self._cores)
        try:
            # By path: a session keeps a copy of content that is passed to it.
            with export_file(checkpoint) as path:
                self._session: Any = onnxruntime.InferenceSession(
                    str(path),
                    session_options(threads, self._pool_cores, keep_buffers=keep_buffers),
                    providers=['CPUExecutionProvider'],
                )
        except NATIVE_ERRORS as error:
            raise RuntimeError(f'{checkpoint.name} cannot be loaded: {error}') from error
        self._input = self._session.get_inputs()[0].name
        self._channels = checkpoint.preprocessing.channels
        self.description = _description(threads, parallel_batches)

    def outputs(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Run the network, see :meth:`.Engine.outputs`."""
        if not batch.size:
            check_batch(batch, self._channels)
        session = self._session
        if session is None:
            raise RuntimeError('the engine is closed')
        if self._pool_cores and _LIBC.sched_getcpu() in self._pool_cores:
            # Leave the core of a pool thread, then let the scheduler choose freely again.
            os.sched_setaffinity(0, self._cores - self._pool_cores)
            os.sched_setaffinity(0, self._cores)
        try:
            return self._run(session, batch)
        except NATIVE_ERRORS as error:
            # ONNX Runtime has checked the batch; if that is to blame, this says it better.
            check_batch(batch, self._channels)
            raise RuntimeError(f'onnxruntime cannot run the network: {error}') from error

    def _run(self, session: Any, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        def run(part: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            return [np.asarray(out, np.float32) for out in session.run(None, {self._input: part})]

        def run_in_parallel(part: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            start_s = time.thread_time()
            outputs = run(part)
            self._load_monitor.add_cpu_time(time.thread_time() - start_s)
            return outputs

        if self._executor is None or not self._load_monitor.update() or len(batch) == 1:
            return tuple(run(batch))
        parts = np.array_split(batch, min(self._parallel_batches, len(batch)))
        found = self._executor.map(run_in_parallel, parts)
        return tuple(np.concatenate(outs) for outs in zip(*found, strict=True))

    def close(self) -> None:
        """Free the memory of the network."""
        self._session = None
        if self._executor is not None:
            self._executor.shutdown(wait=False)


def _description(threads: int, parallel_batches: int) -> str:
    return (
        f'onnxruntime {onnxruntime.__version__} on the CPU, '
        f'{threads} {"thread" if threads == 1 else "threads"}, float32'
        + (f', up to {parallel_batches} images at a time' if parallel_batches > 1 else '')
    )


def pool_cores(threads: int, cores: set[int]) -> set[int]:
    """
    Select the cores to which the pool threads of a network are pinned.

    :param threads: number of threads, including the calling thread
    :param cores: the cores that this process may use
    :returns: one core per pool thread; empty unless the network uses all cores, because several
        nodes would pin their threads to the same cores
    """
    return set(sorted(cores)[1:]) if 1 < threads == len(cores) else set()


def session_options(threads: int, pinned: set[int], *, keep_buffers: bool = True) -> Any:
    """
    Configure a session for camera rates on cores that other processes may share.

    Idle threads spin for 50 microseconds and then sleep. Unlimited spinning, the default, uses up
    the time slices of other processes; without spinning, each small layer waits for a thread to
    wake.

    If the network uses all cores, each pool thread is pinned to its own core. Between two images
    all threads sleep. When they wake, the scheduler puts them onto one core and takes longer to
    spread them than the inference lasts, which doubles its time.

    :param threads: number of threads, including the calling thread
    :param pinned: one core for each pool thread; empty: threads are not pinned
    :param keep_buffers: see :class:`~nn_perception.core.inference.run_options.RunOptions`
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = WARNINGS_AND_ERRORS
    options.enable_cpu_mem_arena = keep_buffers
    version = tuple(int(part) for part in onnxruntime.__version__.split('.')[:2])
    if version >= FIRST_WITH_SPIN_DURATION:
        options.add_session_config_entry('session.intra_op.spin_duration_us', SPIN_US)
    else:
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    if pinned:
        # Here the first core has the number 1.
        affinities = ';'.join(str(core + 1) for core in sorted(pinned))
        options.add_session_config_entry('session.intra_op_thread_affinities', affinities)
    return options
