"""ONNX Runtime called bare, with its default settings: what the engine is measured against."""

from __future__ import annotations

from collections.abc import Callable

from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.export_cache import export_file
from nn_perception.core.inference.onnxruntime_import import onnxruntime
import numpy as np
from numpy.typing import NDArray


def baseline_forward(
    checkpoint: Checkpoint, threads: int, batch: NDArray[np.float32] | None = None
) -> Callable[[], object]:
    """
    Load a network's export as any program would, and give a call of it on one image.

    :param threads: number of threads of the session
    :param batch: the image, ``(1, C, H, W)``; None: a random one
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
    """Make a batch of one random image of the network's input size."""
    preprocessing = checkpoint.preprocessing
    shape = (1, preprocessing.channels, preprocessing.size, preprocessing.size)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)
