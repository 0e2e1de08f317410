"""Networks run by ONNX Runtime on the CPU."""

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
from nn_perception.core.inference.load_monitor import LoadMonitor
from nn_perception.core.inference.onnxruntime_import import onnxruntime
import numpy as np
from numpy.typing import NDArray
from onnxruntime.capi import (  # type: ignore[import-untyped, unused-ignore]
    onnxruntime_pybind11_state as native,
)

# ONNX Runtime's own exceptions share no base class but Exception.
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

    def __init__(self, checkpoint: Checkpoint, threads: int, streams: int = 1) -> None:
        """
        Load a network; export it first if that was not done yet.

        :param threads: of the network
        :param streams: how many images of a batch are worked on at a time, each by its share of
            the threads, when one share cannot keep up. As long as it can, it does whole batches:
            cores that work at the same time slow each other down. One image alone has one share
        :raises RuntimeError: if it cannot be exported or loaded
        """
        self._cores = os.sched_getaffinity(0)
        self._streams = ThreadPoolExecutor(streams) if streams > 1 else None
        self._stream_count = streams
        self._workload = LoadMonitor()
        threads //= streams
        self._pool_cores = pool_cores(threads, self._cores)
        try:
            # By its path: a session that is given the content keeps a copy of it.
            with export_file(checkpoint) as path:
                self._session: Any = onnxruntime.InferenceSession(
                    str(path),
                    session_options(threads, self._pool_cores),
                    providers=['CPUExecutionProvider'],
                )
        except NATIVE_ERRORS as error:
            raise RuntimeError(f'{checkpoint.name} cannot be loaded: {error}') from error
        self._input = self._session.get_inputs()[0].name
        self._channels = checkpoint.preprocessing.channels
        self.description = (
            f'onnxruntime {onnxruntime.__version__} on the CPU, '
            f'{threads} {"thread" if threads == 1 else "threads"}, float32'
            + (f', up to {streams} images at a time' if streams > 1 else '')
        )

    def outputs(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Run the network, see :meth:`Engine.outputs`."""
        check_batch(batch, self._channels)
        session = self._session
        if session is None:
            raise RuntimeError('the engine is closed')
        if self._pool_cores and _LIBC.sched_getcpu() in self._pool_cores:
            # Step aside, off the core of a pool thread; then the scheduler is free again.
            os.sched_setaffinity(0, self._cores - self._pool_cores)
            os.sched_setaffinity(0, self._cores)
        try:
            return self._run(session, batch)
        except NATIVE_ERRORS as error:
            raise RuntimeError(f'onnxruntime cannot run the network: {error}') from error

    def _run(self, session: Any, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        def run(part: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            return [np.asarray(out, np.float32) for out in session.run(None, {self._input: part})]

        def run_in_stream(part: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            began_s = time.thread_time()
            outputs = run(part)
            self._workload.hand_on(time.thread_time() - began_s)
            return outputs

        if self._streams is None or not self._workload.judge() or len(batch) == 1:
            return tuple(run(batch))
        parts = np.array_split(batch, min(self._stream_count, len(batch)))
        found = self._streams.map(run_in_stream, parts)
        return tuple(np.concatenate(outs) for outs in zip(*found, strict=True))

    def close(self) -> None:
        """Free the network's memory."""
        self._session = None
        if self._streams is not None:
            self._streams.shutdown(wait=False)


def pool_cores(threads: int, cores: set[int]) -> set[int]:
    """
    Choose the cores that the threads of the pool stay on, beside the calling thread.

    :param threads: of the network, the calling one included
    :param cores: that this process may use
    :returns: empty where the network does not use all of them: several nodes would
        crowd onto the same cores
    """
    return set(sorted(cores)[1:]) if 1 < threads == len(cores) else set()


def session_options(threads: int, pinned: set[int]) -> Any:
    """
    Choose settings that are quick at a camera's rate and degrade gently where cores are shared.

    Threads that find no work spin for 50 microseconds and sleep then. ONNX Runtime's default of
    spinning on burns the time slices that other processes need; without any spinning each of
    the network's many small layers waits for a thread to wake.

    Where the network uses all the cores there are, each thread of the pool stays on a core of its
    own. Between two images everything sleeps; on waking, the scheduler puts the threads onto
    one core and takes longer to spread them than the inference lasts, which doubles its time.

    :param threads: of the network, the calling one included
    :param pinned: cores for the threads of the pool, one each; empty leaves them free
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = WARNINGS_AND_ERRORS
    version = tuple(int(part) for part in onnxruntime.__version__.split('.')[:2])
    if version >= FIRST_WITH_SPIN_DURATION:
        options.add_session_config_entry('session.intra_op.spin_duration_us', SPIN_US)
    else:
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    if pinned:
        # Processors count from 1 here.
        places = ';'.join(str(core + 1) for core in sorted(pinned))
        options.add_session_config_entry('session.intra_op_thread_affinities', places)
    return options
