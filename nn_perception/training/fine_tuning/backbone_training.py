"""
Train the last layers of a network, or all of them.

The head is fitted first, on the embeddings of the unchanged network, because the first steps of a
random head would damage what the network has learned (Kumar et al., "Fine-Tuning can Distort
Pretrained Features", 2022). The head then stays fixed while the backbone adapts to it; the caller
fits a new head at the end. Batch norm keeps its statistics, which a few frames would make worse.
The result is an exponential moving average of the weights.
"""

from __future__ import annotations

import os

# Before torch loads OpenMP, see core/inference/torch_engine.py.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
import copy
from dataclasses import dataclass, replace
import math
import time

from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.training.datasets.labelled_frames import LabelledFrame
from nn_perception.training.epoch import Epoch
from nn_perception.training.fine_tuning.augmentation import augment, shrink
from nn_perception.training.fine_tuning.discriminant import class_weights
from nn_perception.training.fine_tuning.linear_head import LinearHead
import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor
from torch.nn import functional

BATCH_SIZE = 16
EVALUATION_BATCH_SIZE = 20
WEIGHT_DECAY = 0.01
LABEL_SMOOTHING = 0.1
DROPOUT = 0.2
AVERAGE_DECAY = 0.95
# Share of the steps during which the learning rate rises.
WARM_UP = 0.15
# last_block trains the last layers that hold this share of all weights.
LAST_BLOCK_SHARE = 0.3
# Used where max_epochs or learning_rate is 0.
DEFAULT_EPOCHS = {'last_block': 12, 'all': 10}
DEFAULT_RATES = {'last_block': 3e-4, 'all': 2e-4}
# Training ends after this many epochs without a smaller loss on the held-out frames.
PATIENCE = 6


@dataclass(frozen=True)
class LabelledImages:
    """
    Images in memory, and their classes.

    :param images: uint8, ``(H, W, 3)`` each, blue first
    :param classes: int64, ``(N,)``
    """

    images: Sequence[Image]
    classes: NDArray[np.int64]


def read_images(frames: Sequence[LabelledFrame], size: int) -> list[Image]:
    """
    Read frames, reduced to what augmentation needs.

    :param size: width and height of the network's input in pixels
    :raises OSError: if a frame cannot be read
    :raises ValueError: if a frame is not an image
    """
    return [shrink(read_image(frame.path), size) for frame in frames]


class BackboneTraining:
    """
    Training of a backbone under a fixed head.

    :ivar average: the averaged backbone

    :param checkpoint: network to start from
    :param head: head that was fitted on the embeddings of that network
    :param unfreeze: ``last_block`` or ``all``
    :param learning_rate: peak of the learning rate
    :param seed: seed of all randomness
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
        self._peak_rate = learning_rate
        network = load_network(checkpoint.without_head())
        self._head = nn.Linear(head.weight.shape[1], len(head.bias)).requires_grad_(False)
        with torch.no_grad():
            self._head.weight.copy_(torch.from_numpy(head.weight))
            self._head.bias.copy_(torch.from_numpy(head.bias))
        self._backbone = network.to(memory_format=torch.channels_last)
        for parameter in self._backbone.parameters():
            parameter.requires_grad_(unfreeze == 'all')
        if unfreeze == 'last_block':
            for parameter in last_parameters(self._backbone, LAST_BLOCK_SHARE):
                parameter.requires_grad_(True)
        self.average = copy.deepcopy(self._backbone)
        trained = [p for p in self._backbone.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(
            [
                {'params': [p for p in trained if p.ndim > 1], 'weight_decay': WEIGHT_DECAY},
                {'params': [p for p in trained if p.ndim <= 1], 'weight_decay': 0.0},
            ]
        )
        self._updates = 0

    def train(
        self, training: LabelledImages, held_out: LabelledImages, epochs: int
    ) -> Iterator[Epoch]:
        """
        Train, and yield the metrics of each epoch; at the end, keep the best averaged weights.

        The training ends early when the loss on the held-out frames stops falling.

        :raises ArithmeticError: if the loss is not finite
        """
        began_s = time.monotonic()
        best, best_epoch = self._validate(held_out)[0], -1
        kept = copy.deepcopy(self.average.state_dict())
        for epoch in range(epochs):
            train_loss, train_accuracy = self._train_epoch(training, epoch, epochs)
            loss, accuracy = self._validate(held_out)
            yield Epoch(
                epoch=epoch + 1,
                train_loss=train_loss,
                train_accuracy=train_accuracy,
                validation_loss=loss,
                validation_accuracy=accuracy,
                seconds=time.monotonic() - began_s,
            )
            if loss < best:
                best, best_epoch = loss, epoch
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
        batches = []
        with torch.inference_mode():
            for at in range(0, len(images), EVALUATION_BATCH_SIZE):
                batch = self._checkpoint.image_preprocessing(
                    images[at : at + EVALUATION_BATCH_SIZE]
                )
                batches.append(self.average(_channels_last(batch)))
            embeddings = torch.cat(batches)
            return embeddings.numpy(), self._head(embeddings).numpy()

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return the averaged weights of the backbone, by name."""
        return {
            name: np.ascontiguousarray(values.numpy())
            for name, values in self.average.state_dict().items()
        }

    def _train_epoch(
        self, training: LabelledImages, epoch: int, epochs: int
    ) -> tuple[float, float]:
        """Train on each image once; return the mean loss and the accuracy."""
        weights = torch.from_numpy(class_weights(training.classes, self._head.out_features))
        steps = math.ceil(len(training.classes) / BATCH_SIZE)
        losses, correct = [], 0
        for step, (indices, batch) in enumerate(self._batches(training, epoch)):
            self._set_rate((epoch * steps + step) / (epochs * steps))
            classes = torch.from_numpy(training.classes[indices])
            logits = self._head(functional.dropout(self._backbone(batch), DROPOUT))
            each = functional.cross_entropy(
                logits, classes, label_smoothing=LABEL_SMOOTHING, reduction='none'
            )
            loss = (each * weights[indices]).sum() / weights[indices].sum()
            self._step(loss)
            losses.append(loss.item())
            correct += int((logits.argmax(1) == classes).sum())
        return float(np.mean(losses)), correct / len(training.classes)

    def _validate(self, held_out: LabelledImages) -> tuple[float, float]:
        """Measure the averaged network: cross-entropy and accuracy."""
        _, logits = self.evaluate(held_out.images)
        classes = torch.from_numpy(held_out.classes)
        loss = float(functional.cross_entropy(torch.from_numpy(logits), classes))
        return loss, float((logits.argmax(1) == held_out.classes).mean())

    def _batches(
        self, training: LabelledImages, epoch: int
    ) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """Yield indices and augmented images in random order; prepare the next batch meanwhile."""
        random = np.random.default_rng((self._seed, epoch))
        torch.manual_seed(int(random.integers(2**62)))
        self._backbone.eval()  # the head was fitted to embeddings without dropout
        order = random.permutation(len(training.classes))
        parts = [order[at : at + BATCH_SIZE] for at in range(0, len(order), BATCH_SIZE)]
        with ThreadPoolExecutor(1) as background:
            coming = background.submit(self._augmented, training, parts[0], random)
            for number, indices in enumerate(parts):
                batch = coming.result()
                if number + 1 < len(parts):
                    coming = background.submit(
                        self._augmented, training, parts[number + 1], random
                    )
                yield indices, batch

    def _augmented(
        self, training: LabelledImages, indices: NDArray[np.int64], random: np.random.Generator
    ) -> Tensor:
        preprocessing = self._checkpoint.image_preprocessing
        # A mirrored object is the same object, but a mirrored digit or letter is not; networks
        # for those read grey images.
        mirror = preprocessing.channels == 3
        images = [
            augment(training.images[index], preprocessing.size, random, mirror=mirror)
            for index in indices
        ]
        return _channels_last(replace(preprocessing, crop=1.0)(images))

    def _set_rate(self, done: float) -> None:
        """Set the learning rate: linear warm-up, then cosine decay."""
        share = (
            done / WARM_UP
            if done < WARM_UP
            else 0.5 * (1.0 + math.cos(math.pi * (done - WARM_UP) / (1.0 - WARM_UP)))
        )
        for group in self._optimizer.param_groups:
            group['lr'] = self._peak_rate * share

    def _step(self, loss: Tensor) -> None:
        if not math.isfinite(loss.item()):
            raise ArithmeticError(
                f'the loss became {loss.item()} at the learning rate {self._peak_rate:g}'
            )
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._updates += 1
        share = 1.0 - min(AVERAGE_DECAY, (1.0 + self._updates) / (10.0 + self._updates))
        with torch.no_grad():
            pairs = zip(self._backbone.parameters(), self.average.parameters(), strict=True)
            for new, old in pairs:
                if new.requires_grad:
                    old.lerp_(new, share)


def last_parameters(network: nn.Module, share: float) -> list[nn.Parameter]:
    """
    Choose the last layers that together hold at least a share of all weights.

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
