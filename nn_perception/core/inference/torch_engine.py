"""The engine torch: float16 on CUDA, float32 on the CPU."""

from __future__ import annotations

import os

# Set before torch loads OpenMP. Otherwise its threads busy-wait, and next to other busy processes
# every layer takes a time slice of the scheduler.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from nn_perception.core.imaging.preprocessing import check_batch
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.engine import Engine
from nn_perception.core.inference.load_network import load_network
import numpy as np
from numpy.typing import NDArray
import torch


class TorchEngine(Engine):
    """A network in torch, in channels-last memory format."""

    name = 'torch'

    def __init__(self, checkpoint: Checkpoint, device: str, threads: int) -> None:
        """
        Load a network.

        :param device: ``cpu`` or ``cuda``
        :param threads: number of CPU threads; torch sets it for the whole process
        :raises ValueError: if the weights do not match the network
        :raises RuntimeError: if the device cannot be used
        """
        self.device = device
        if device == 'cuda' and not torch.cuda.is_available():
            raise RuntimeError(f'torch {torch.__version__} does not detect it')
        self._channels = checkpoint.preprocessing.channels
        network = load_network(checkpoint)
        half = device == 'cuda' and not getattr(network, 'needs_float32', False)
        self._type = torch.float16 if half else torch.float32
        network = network.to(device, self._type)
        self._network: torch.nn.Module | None = network.to(memory_format=torch.channels_last)
        if device == 'cpu':
            torch.set_num_threads(threads)
            device_name = f'the CPU, {threads} {"thread" if threads == 1 else "threads"}, float32'
        else:
            device_name = f'{torch.cuda.get_device_name()}, {"float16" if half else "float32"}'
        self.description = f'torch {torch.__version__} on {device_name}, channels last'

    def outputs(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Run the network, see :meth:`.Engine.outputs`."""
        check_batch(batch, self._channels)
        network = self._network
        if network is None:
            raise RuntimeError('the engine is closed')
        with torch.inference_mode():
            images = torch.from_numpy(np.ascontiguousarray(batch)).to(
                self.device, self._type, memory_format=torch.channels_last
            )
            found: torch.Tensor | tuple[torch.Tensor, ...] = network(images)
            outputs = (found,) if isinstance(found, torch.Tensor) else found
            return tuple(output.float().cpu().numpy() for output in outputs)

    def close(self) -> None:
        """Free the memory of the network."""
        self._network = None
        if self.device == 'cuda':
            torch.cuda.empty_cache()
