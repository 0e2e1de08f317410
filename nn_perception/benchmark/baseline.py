"""ONNX Runtime called directly, with its default settings: the engine is compared with it."""

from __future__ import annotations

from collections.abc import Callable
import time

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.export_cache import export_file
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.onnxruntime_import import onnxruntime
from nn_perception.core.inference.processors import default_threads
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
from numpy.typing import NDArray

ROUNDS = 15
RUNS_PER_ROUND = 20
# The threads of an ONNX Runtime session spin for this long after its last run.
SPIN_S = 0.1


def baseline_forward(
    checkpoint: Checkpoint, threads: int, batch: NDArray[np.float32] | None = None
) -> Callable[[], object]:
    """
    Load a network's export as any program would, and return a function that runs it once.

    :param threads: number of threads of the session
    :param batch: one image, ``(1, C, H, W)``; None: a random one
    :raises RuntimeError: if the network cannot be exported
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    with export_file(checkpoint) as path:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider']
        )
    feed = {session.get_inputs()[0].name: random_image(checkpoint) if batch is None else batch}
    return lambda: session.run(None, feed)


def random_image(checkpoint: Checkpoint) -> NDArray[np.float32]:
    """Return a batch of one random image of the network's input size."""
    preprocessing = checkpoint.image_preprocessing
    shape = (1, preprocessing.channels, preprocessing.size, preprocessing.size)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def compare_forward() -> tuple[float, float]:
    """
    Time a forward pass of the default tagger, in turn without and with the engine.

    :returns: the medians in ms, of the baseline and of the engine
    """
    checkpoint = find_checkpoint(DEFAULT_MODEL)
    batch = random_image(checkpoint)
    threads = default_threads()
    engine = LoadedModel.open(checkpoint, RunOptions('onnxruntime', 'cpu', threads))
    baseline = baseline_forward(checkpoint, threads)
    baseline_ms: list[float] = []
    engine_ms: list[float] = []
    for _ in range(ROUNDS):
        baseline_ms += _times_ms(baseline)
        engine_ms += _times_ms(lambda: engine(batch))
    engine.close()
    return float(np.median(baseline_ms)), float(np.median(engine_ms))


def _times_ms(work: Callable[[], object]) -> list[float]:
    """Time a function several times, after the threads of other work have stopped spinning."""
    time.sleep(SPIN_S)
    work()
    times = []
    for _ in range(RUNS_PER_ROUND):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1e3)
    return times
