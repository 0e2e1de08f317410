"""
Teach the last layers of a network, or all of them.

The new head is fitted first, on the embeddings of the network as it was: the first steps of a
random head would spoil what the network knows (Kumar et al., "Fine-Tuning can Distort Pretrained
Features", 2022). It stays, and the network learns to give it what it expects; whoever trained it
fits another one in the end. Batch norm keeps its statistics, which few frames would make worse.
The weights that are used in the end are an exponential moving average of those on the way.
"""

from __future__ import annotations

import os

# Before torch loads OpenMP, see vision/engine_torch.py.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
import copy
from dataclasses import dataclass, replace
import math
import time

from nn_perception.core.imaging.image_files import Image, read_image
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.training.datasets.labelled_frames import Sample
from nn_perception.training.epoch import Epoch
from nn_perception.training.fine_tuning.augmentation import shrunk, varied
from nn_perception.training.fine_tuning.linear_head import class_weights, LinearHead
import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor
from torch.nn import functional

BATCH_SIZE = 16
EVALUATION_BATCH = 20
WEIGHT_DECAY = 0.01
LABEL_SMOOTHING = 0.1
AVERAGE_DECAY = 0.95
RISING = 0.15
# The share of the weights that last_block changes, the last ones.
LAST_SHARE = 0.3
# For max_epochs and learning_rate of 0.
EPOCHS = {'last_block': 12, 'all': 10}
RATES = {'last_block': 3e-4, 'all': 2e-4}
# Epochs without a better loss on the frames that are kept apart, until it ends early.
PATIENCE = 6


@dataclass(frozen=True)
class Frames:
    """
    Pictures and what they show.

    :param images: uint8, ``(H, W, 3)`` each, blue first
    :param classes: int64, ``(N,)``
    """

    images: Sequence[Image]
    classes: NDArray[np.int64]


def plan(unfreeze: str, max_epochs: int, learning_rate: float) -> tuple[int, float]:
    """Choose epochs and learning rate where 0 leaves it open."""
    return max_epochs or EPOCHS[unfreeze], learning_rate or RATES[unfreeze]


def frames_of(samples: Sequence[Sample], size: int) -> list[Image]:
    """
    Read frames, as small as they may be.

    :param size: of the network's input in pixels
    :raises OSError: if one cannot be read
    :raises ValueError: if one is no image
    """
    return [shrunk(read_image(sample.path), size) for sample in samples]


class BackboneTraining:
    """
    A network that is taught deeper than its head.

    :param checkpoint: what it begins with
    :param head: fitted on the embeddings of that checkpoint
    :param unfreeze: ``last_block`` or ``all``
    :param learning_rate: the highest one
    :param seed: what all randomness begins with
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        head: LinearHead,
        *,
        unfreeze: str,
        learning_rate: float,
        seed: int,
    ) -> None:
        self._checkpoint = checkpoint
        self._seed = seed
        self._rate = learning_rate
        network = load_network(checkpoint.embedding())
        self._head = nn.Linear(head.weight.shape[1], len(head.bias)).requires_grad_(False)
        with torch.no_grad():
            self._head.weight.copy_(torch.from_numpy(head.weight))
            self._head.bias.copy_(torch.from_numpy(head.bias))
        self._body = network.to(memory_format=torch.channels_last)
        for parameter in self._body.parameters():
            parameter.requires_grad_(unfreeze == 'all')
        if unfreeze == 'last_block':
            for parameter in last_parameters(self._body, LAST_SHARE):
                parameter.requires_grad_(True)
        self.average = copy.deepcopy(self._body)
        trained = [p for p in self._body.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(
            [
                {'params': [p for p in trained if p.ndim > 1], 'weight_decay': WEIGHT_DECAY},
                {'params': [p for p in trained if p.ndim <= 1], 'weight_decay': 0.0},
            ]
        )
        self._updates = 0

    def train(
        self, training: Frames, held_out: Frames, epochs: int, stopping: Callable[[], bool]
    ) -> Iterator[Epoch]:
        """
        Train, and give what each epoch gave; in the end the best averaged weights are kept.

        It ends early where the loss on the frames that are kept apart does not fall any more.

        :raises ArithmeticError: if the loss is no finite number
        """
        began_s = time.monotonic()
        weights = torch.from_numpy(class_weights(training.classes, self._head.out_features))
        best, best_epoch = self._loss(held_out)[0], -1
        kept = copy.deepcopy(self.average.state_dict())
        steps = math.ceil(len(training.classes) / BATCH_SIZE)
        for epoch in range(epochs):
            losses, correct = [], 0
            for step, (places, batch) in enumerate(self._batches(training, epoch)):
                if stopping():
                    return
                self._set_rate((epoch * steps + step) / (epochs * steps))
                classes = torch.from_numpy(training.classes[places])
                logits = self._head(functional.dropout(self._body(batch), 0.2))
                each = functional.cross_entropy(
                    logits, classes, label_smoothing=LABEL_SMOOTHING, reduction='none'
                )
                loss = (each * weights[places]).sum() / weights[places].sum()
                self._step(loss)
                losses.append(loss.item())
                correct += int((logits.argmax(1) == classes).sum())
            validation, accuracy = self._loss(held_out)
            yield Epoch(
                epoch=epoch + 1,
                train_loss=float(np.mean(losses)),
                train_accuracy=correct / len(training.classes),
                validation_loss=validation,
                validation_accuracy=accuracy,
                seconds=time.monotonic() - began_s,
            )
            if validation < best:
                best, best_epoch = validation, epoch
                kept = copy.deepcopy(self.average.state_dict())
            if epoch - best_epoch >= PATIENCE:
                break
        self.average.load_state_dict(kept)

    def evaluate(self, images: Sequence[Image]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """
        Run the averaged network as a tagger does.

        :returns: embeddings ``(N, D)`` and logits ``(N, C)``
        """
        self.average.eval()
        embeddings = []
        with torch.inference_mode():
            for at in range(0, len(images), EVALUATION_BATCH):
                batch = self._checkpoint.preprocessing(images[at : at + EVALUATION_BATCH])
                embeddings.append(self.average(_channels_last(batch)))
            together = torch.cat(embeddings)
            return together.numpy(), self._head(together).numpy()

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Give the averaged weights of the body, by name."""
        return {
            name: np.ascontiguousarray(values.numpy())
            for name, values in self.average.state_dict().items()
        }

    def _loss(self, frames: Frames) -> tuple[float, float]:
        """Measure the averaged network: cross-entropy and accuracy."""
        _, logits = self.evaluate(frames.images)
        classes = torch.from_numpy(frames.classes)
        loss = float(functional.cross_entropy(torch.from_numpy(logits), classes))
        return loss, float((logits.argmax(1) == frames.classes).mean())

    def _batches(self, frames: Frames, epoch: int) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """Go through the frames in random order, varied; the next batch is made meanwhile."""
        random = np.random.default_rng((self._seed, epoch))
        torch.manual_seed(int(random.integers(2**62)))
        self._body.eval()  # the head was fitted to embeddings without anything left out
        order = random.permutation(len(frames.classes))
        parts = [order[at : at + BATCH_SIZE] for at in range(0, len(order), BATCH_SIZE)]
        with ThreadPoolExecutor(1) as background:
            coming = background.submit(self._varied, frames, parts[0], random)
            for number, places in enumerate(parts):
                batch = coming.result()
                if number + 1 < len(parts):
                    coming = background.submit(self._varied, frames, parts[number + 1], random)
                yield places, batch

    def _varied(
        self, frames: Frames, places: NDArray[np.int64], random: np.random.Generator
    ) -> Tensor:
        preprocessing = self._checkpoint.preprocessing
        # What is mirrored is the same thing, but no digit or letter: those are read in grey.
        mirror = preprocessing.channels == 3
        patches = [
            varied(frames.images[place], preprocessing.size, random, mirror=mirror)
            for place in places
        ]
        return _channels_last(replace(preprocessing, crop=1.0)(patches))

    def _set_rate(self, done: float) -> None:
        """Set the learning rate: up along a line, down along a cosine."""
        share = (
            done / RISING
            if done < RISING
            else 0.5 * (1.0 + math.cos(math.pi * (done - RISING) / (1.0 - RISING)))
        )
        for group in self._optimizer.param_groups:
            group['lr'] = self._rate * share

    def _step(self, loss: Tensor) -> None:
        if not math.isfinite(loss.item()):
            raise ArithmeticError(f'the loss became {loss.item()} at the rate {self._rate:g}')
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._updates += 1
        share = 1.0 - min(AVERAGE_DECAY, (1.0 + self._updates) / (10.0 + self._updates))
        with torch.no_grad():
            pairs = zip(self._body.parameters(), self.average.parameters(), strict=True)
            for new, old in pairs:
                if new.requires_grad:
                    old.lerp_(new, share)


def last_parameters(network: nn.Module, share: float) -> list[nn.Parameter]:
    """
    Choose the last layers, so many that they hold a share of all weights, or a little more.

    :param share: in ``(0, 1]``
    """
    layers = [list(module.parameters(recurse=False)) for module in network.modules()]
    total = sum(p.numel() for parameters in layers for p in parameters)
    chosen: list[nn.Parameter] = []
    for parameters in reversed(layers):
        if sum(p.numel() for p in chosen) >= share * total:
            break
        chosen += parameters
    return chosen


def _channels_last(batch: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(batch).contiguous(memory_format=torch.channels_last)
