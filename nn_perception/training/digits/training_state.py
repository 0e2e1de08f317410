"""
State of a training, in memory and in a file, from which the training can resume.

The file is safetensors with metadata, so nothing in it is ever executed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import copy
from dataclasses import asdict
import json
from pathlib import Path
from typing import Any

from nn_perception.core.files.atomic import write_atomically
from nn_perception.core.networks.build import build
from nn_perception.training.epoch import Epoch
from safetensors import safe_open, SafetensorError
import safetensors.torch
import torch
from torch import Tensor
from torch.nn import functional

FORMAT = 'nn_perception-training-1'
MOMENTUM = 0.9


class TrainingState:
    """
    Network, average of its weights, optimizer and progress.

    :param network: name of the network
    :param outputs: number of classes
    :param weight_decay: weight decay of the weights with more than one axis
    :param seed: seed of the initial weights
    """

    def __init__(self, network: str, outputs: int, *, weight_decay: float, seed: int) -> None:
        torch.manual_seed(seed)
        self.network = build(network, outputs).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network)
        # Two groups, since batch norm and biases have one axis and must not decay.
        groups = [
            {
                'params': [p for p in self.network.parameters() if (p.ndim > 1) is decays],
                'weight_decay': weight_decay if decays else 0.0,
            }
            for decays in (True, False)
        ]
        self.optimizer = torch.optim.SGD(groups, lr=0.0, momentum=MOMENTUM, nesterov=True)
        self.epoch = 0
        self.step = 0
        self.seconds = 0.0
        # Of the last step: the forward pass; the backward pass and the updates.
        self.step_seconds = (0.0, 0.0)
        # Its mean loss, its number of correct predictions, and its number of samples.
        self.last_step = (0.0, 0, 0)
        self.history: list[Epoch] = []
        self._updates = 0
        self._loss_sum = 0.0
        self._correct = 0
        self._seen = 0

    def set_learning_rate(self, rate: float) -> None:
        """Set the learning rate of the next step."""
        for group in self.optimizer.param_groups:
            group['lr'] = rate

    def average_weights(self, decay: float) -> None:
        """
        Update the average, including the statistics of batch norm.

        At first it follows faster; otherwise it would contain the initial weights for long.
        """
        self._updates += 1
        share = 1.0 - min(decay, (1.0 + self._updates) / (10.0 + self._updates))
        new = self.network.state_dict()
        for name, values in self.average.state_dict().items():
            if values.is_floating_point():
                values.lerp_(new[name], share)
            else:
                values.copy_(new[name])

    def step_done(self, loss: float, correct: int, samples: int) -> None:
        """
        Record a step.

        :param loss: mean loss of the batch
        :param correct: number of correct predictions
        :param samples: size of the batch
        :raises ArithmeticError: if the loss is not finite
        """
        if not abs(loss) < float('inf'):
            raise ArithmeticError(
                f'the loss became {loss} in epoch {self.epoch + 1}, step {self.step + 1}; a '
                'smaller learning rate may help'
            )
        self.last_step = (loss, correct, samples)
        self.step += 1
        self._loss_sum += loss * samples
        self._correct += correct
        self._seen += samples

    def epoch_done(self, logits: Tensor, labels: Tensor) -> Epoch:
        """
        Start the next epoch.

        :param logits: logits of the averaged network for the validation images, ``(N, 11)``
        :param labels: their labels, ``(N,)``
        :returns: metrics of the finished epoch
        """
        self.epoch += 1
        done = Epoch(
            epoch=self.epoch,
            train_loss=self._loss_sum / self._seen,
            train_accuracy=self._correct / self._seen,
            validation_loss=float(functional.cross_entropy(logits, labels)),
            validation_accuracy=float((logits.argmax(1) == labels).float().mean()),
            seconds=self.seconds,
        )
        self.history.append(done)
        self.step, self._loss_sum, self._correct, self._seen = 0, 0.0, 0, 0
        return done

    def save(self, path: Path, settings: Mapping[str, Any]) -> None:
        """
        Write the state to a file, atomically.

        :param settings: everything that the training depends on, for comparison on resuming
        :raises OSError: if the file cannot be written
        """
        metadata = {
            'format': FORMAT,
            'settings': json.dumps(dict(settings), sort_keys=True),
            'progress': json.dumps(self.progress()),
        }
        tensors = {name: values.contiguous() for name, values in self.tensors()}
        write_atomically(path, safetensors.torch.save(tensors, metadata))

    def load(self, path: Path) -> None:
        """
        Load the state from a file.

        :raises OSError: if the file cannot be read
        :raises ValueError: if it is not a state of this network
        """
        progress = json.loads(_metadata(path)['progress'])
        try:
            self.restore(safetensors.torch.load_file(path), progress)
        except (SafetensorError, KeyError, TypeError, RuntimeError) as error:
            raise ValueError(f'{path} is not a state of this training: {error}') from error

    def progress(self) -> dict[str, Any]:
        """Return everything but the tensors, for JSON."""
        return {
            'epoch': self.epoch,
            'step': self.step,
            'seconds': self.seconds,
            'updates': self._updates,
            'loss_sum': self._loss_sum,
            'correct': self._correct,
            'seen': self._seen,
            'history': [asdict(epoch) for epoch in self.history],
        }

    def restore(self, tensors: Mapping[str, Tensor], progress: Mapping[str, Any]) -> None:
        """
        Go on from tensors and progress of the same network.

        :raises KeyError, TypeError, RuntimeError: if they do not fit
        """
        with torch.no_grad():
            for name, values in self.tensors():
                values.copy_(tensors[name])
        self.history = [Epoch(**epoch) for epoch in progress['history']]
        self.epoch, self.step = progress['epoch'], progress['step']
        self.seconds, self._updates = progress['seconds'], progress['updates']
        self._loss_sum, self._seen = progress['loss_sum'], progress['seen']
        self._correct = progress['correct']

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Yield all tensors, including those of the optimizer, which are created if needed."""
        for part, module in (('network', self.network), ('average', self.average)):
            for name, values in module.state_dict().items():
                yield f'{part}.{name}', values
        for name, parameter in self.network.named_parameters():
            slot = self.optimizer.state[parameter]
            if slot.get('momentum_buffer') is None:
                slot['momentum_buffer'] = torch.zeros_like(parameter)
            yield f'momentum.{name}', slot['momentum_buffer']


def read_settings(path: Path) -> dict[str, Any]:
    """
    Read what the training of a state depends on.

    :raises OSError: if the file cannot be read
    :raises ValueError: if it is not a state of a training
    """
    settings: dict[str, Any] = json.loads(_metadata(path)['settings'])
    return settings


def _metadata(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, framework='pt') as file:
            metadata: dict[str, str] = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f'{path} is not a state of a training, or damaged: {error}') from error
    if metadata.get('format') != FORMAT or not {'settings', 'progress'} <= set(metadata):
        raise ValueError(
            f'{path} is not a state of a training: its format is {metadata.get("format")!r}, '
            f'expected {FORMAT!r}'
        )
    return metadata
