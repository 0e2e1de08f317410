"""
The one way to a running network: a checkpoint, and the engine that runs it.

The measured settings of the engines and the reasons for them are in ``docs/engines.md``.
"""

from __future__ import annotations

import logging

from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.engine import Engine
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.processors import cuda_devices, default_threads
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)


class LoadedModel:
    """
    A network that is ready to run.

    :ivar checkpoint: its weights, labels and preprocessing
    :ivar engine: runs it
    :ivar outputs: runs it on a batch, see :meth:`Engine.outputs`
    """

    def __init__(self, checkpoint: Checkpoint, engine: Engine) -> None:
        """Join a checkpoint and its engine; :meth:`open` is the usual way."""
        self.checkpoint = checkpoint
        self.engine = engine
        # Every frame goes through it: no method of our own around the engine's.
        self.outputs = engine.outputs

    @classmethod
    def open(
        cls, model: str | Checkpoint, options: RunOptions = DEFAULT_RUN_OPTIONS
    ) -> LoadedModel:
        """
        Load a network.

        :param model: a checkpoint, or what
            :func:`nn_perception.core.inference.model_zoo.find_checkpoint` finds by name
        :param options: how the network is run
        :raises OSError: if a file cannot be read or weights are unavailable
        :raises ValueError: if the checkpoint is not usable
        :raises RuntimeError: if the network cannot be loaded
        """
        checkpoint = find_checkpoint(model) if isinstance(model, str) else model
        engine = _open_engine(checkpoint, options)
        LOG.info('%s: %s', checkpoint.name, engine.description)
        return cls(checkpoint, engine)

    @property
    def description(self) -> str:
        """What runs the network where, in one line."""
        return self.engine.description

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """
        Run a network with one output, see :meth:`Engine.__call__`.

        :param batch: float32, ``(N, C, H, W)``
        :returns: float32, ``(N, L)``
        """
        return self.engine(batch)

    def warm_up(self, size_px: int = 0) -> None:
        """
        Run the network once: the first run is slow, and no image should wait for it.

        :param size_px: width and height of the input; 0: those of the checkpoint
        :raises RuntimeError: if the network cannot be run
        """
        channels, height, width = self.checkpoint.preprocessing.input_shape
        shape = (1, channels, size_px or height, size_px or width)
        self.outputs(np.zeros(shape, np.float32))

    def close(self) -> None:
        """Free the network's memory."""
        self.engine.close()


def _open_engine(checkpoint: Checkpoint, options: RunOptions) -> Engine:
    """Select and load the engine, see :class:`RunOptions`."""
    threads = options.threads or default_threads()
    wants_cuda = options.device == 'cuda' or (
        options.device == 'auto' and options.engine != 'onnxruntime'
    )
    if wants_cuda and options.engine == 'onnxruntime':
        LOG.warning('only the engine torch supports the device cuda: onnxruntime uses the CPU')
    elif wants_cuda and cuda_devices() > 0:
        try:
            return _torch_engine(checkpoint, 'cuda', threads)
        except (ModuleNotFoundError, RuntimeError) as error:
            LOG.warning('the CUDA device cannot be used, running on the CPU: %s', error)
    elif options.device == 'cuda':
        LOG.warning('there is no CUDA device: running on the CPU')
    try:
        if options.engine == 'torch':
            return _torch_engine(checkpoint, 'cpu', threads)
        return _onnxruntime_engine(checkpoint, threads, options)
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"the Python package {error.name} is missing ('pip install {error.name}')"
        ) from error
    except (ImportError, AttributeError) as error:
        # A package that was built against another version of numpy raises these.
        raise RuntimeError(f'the engine cannot be imported: {error}') from error


# Imported only when used: torch costs 500 MB, and a robot may have only one of the two.


def _onnxruntime_engine(checkpoint: Checkpoint, threads: int, options: RunOptions) -> Engine:
    from nn_perception.core.inference.onnxruntime_engine import OnnxRuntimeEngine

    parallel_batches = min(options.parallel_batches, threads)
    return OnnxRuntimeEngine(
        checkpoint, threads, parallel_batches, keep_buffers=options.keep_buffers
    )


def _torch_engine(checkpoint: Checkpoint, device: str, threads: int) -> Engine:
    from nn_perception.core.inference.torch_engine import TorchEngine

    return TorchEngine(checkpoint, device, threads)
