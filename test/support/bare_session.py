"""ONNX Runtime as a program of somebody else uses it, but for its threads."""

from pathlib import Path

import onnxruntime


def bare_session(model: bytes | str | Path) -> onnxruntime.InferenceSession:
    """
    Open a model with one thread.

    Its threads wait for each other by spinning, which takes the cores from the other tests.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
