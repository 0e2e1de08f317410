"""
Train the weights that ship: LeNet-5 on MNIST, and the network for garments on Fashion-MNIST.

The recipes are one-cycle SGD with Nesterov momentum, augmentation, and an average of the weights,
as for the digit reader (``nn_perception.training.digits.training_loop``). Everything depends on
the seed only. The test samples are read once, when all epochs are done.

    python tools/train_weights.py lenet5 --output nn_perception/weights/lenet5.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
import copy
from dataclasses import dataclass
import hashlib
import math
from pathlib import Path
import time

from nn_perception.core.inference.checkpoint import CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.networks.build import DEFINED
from nn_perception.core.networks.defined.defined_network import DefinedNetwork
from nn_perception.core.networks.defined.presets import PRESETS
from nn_perception.training.digits.augmentation import augment, Augmentation
from nn_perception.training.digits.training_loop import one_cycle
from nn_perception.training.runs.data.catalog import open_data
from nn_perception.training.runs.data.samples import RunData, Samples
import numpy as np
import torch
from torch import Generator, nn, Tensor
from torch.nn import functional

SEED = 0
BATCH_SIZE = 128
MOMENTUM, WEIGHT_DECAY, LABEL_SMOOTHING, AVERAGE_DECAY = 0.9, 5e-4, 0.05, 0.999
# In the last epochs nothing is erased, so that the last samples look like real ones.
WHOLE_FROM = 0.8
PEN = Augmentation(rotation_deg=8.0, shear=0.1, scale=0.1, shift_px=1.5, elastic_px=0.6, paper=0.2)
CUT = Augmentation(
    rotation_deg=6.0, shear=0.05, scale=0.1, shift_px=1.5, elastic_px=0.0, paper=0.0
)
# Share of the garments that look as if they were photographed and cut out; while it settles.
PHOTOGRAPHED, PHOTOGRAPHED_LAST = 0.4, 0.2
# First learning rate while it settles, relative to the peak.
SETTLING_RATE = 0.3

# Varies images, float32, (N, 1, 28, 28), 0 to 1; gets the finished share of the first epochs, and
# 1 and more while the network settles.
Vary = Callable[[Tensor, float, Generator], Tensor]


@dataclass(frozen=True)
class Recipe:
    """
    How one of the networks is trained; its name is that of the preset.

    :param data: name of the samples
    :param epochs: number of epochs with one cycle of the learning rate
    :param settling: number of epochs after them, from the averaged weights on, with a low learning
        rate
    :param learning_rate: peak of the learning rate
    :param vary: augmentation
    :param bfloat16: precision of the forward pass; weights and averages stay float32
    :param source: of the weights, in words
    """

    data: str
    epochs: int
    settling: int
    learning_rate: float
    vary: Vary
    bfloat16: bool
    source: str


def vary_digits(images: Tensor, _: float, generator: Generator) -> Tensor:
    """Vary pens and position of digits."""
    return augment(images, PEN, generator)


def vary_garments(images: Tensor, done: float, generator: Generator) -> Tensor:
    """Mirror and distort garments, photograph some on other grounds, and erase rectangles."""
    count = len(images)
    mirrored = torch.rand(count, generator=generator) < 0.5
    images[mirrored] = images[mirrored].flip(3)
    images = augment(images, CUT, generator)
    share = PHOTOGRAPHED if done < 1.0 else PHOTOGRAPHED_LAST
    chosen = torch.rand(count, generator=generator) < share
    images[chosen] = photographed(images[chosen], generator)
    return _erased(images, generator) if done < WHOLE_FROM else images


def photographed(images: Tensor, generator: Generator) -> Tensor:
    """
    Photograph garments on plain grounds, and cut them out again.

    The data set shows dark garments bright: 1 is black, and so is the ground 0. A garment that is
    cut out of a photograph shows how much it differs from the ground, whatever that is, see
    :mod:`nn_perception.core.imaging.foreground`.
    """
    count = len(images)

    def drawn(low: float, high: float) -> Tensor:
        return torch.rand(count, 1, 1, 1, generator=generator) * (high - low) + low

    brightness = (1.0 - images) * drawn(0.6, 1.0) + drawn(0.0, 0.1)
    seen = (images * 16.0).clamp(0.0, 1.0) * (brightness - drawn(0.0, 1.0)).abs()
    kernel = torch.tensor([1.0, 2.0, 1.0]) / 4.0
    soft = functional.conv2d(seen, kernel.view(1, 1, 1, 3), padding=(0, 1))
    soft = functional.conv2d(soft, kernel.view(1, 1, 3, 1), padding=(1, 0))
    seen = seen + drawn(-0.3, 1.0).clamp(min=0.0) * (soft - seen)
    seen = seen * drawn(0.8, 1.3)
    noise = torch.randn(images.shape, generator=generator) * drawn(0.0, 0.03)
    return (seen + noise * (seen > 0.02)).clamp(0.0, 1.0)


def _erased(images: Tensor, generator: Generator) -> Tensor:
    """Fill a rectangle of every second image with a random grey (Z. Zhong et al., 2020)."""
    count, _, height, _ = images.shape
    sides = torch.randint(3, 11, (count, 2), generator=generator)
    start = torch.randint(0, height, (count, 2), generator=generator)
    line = torch.arange(height)
    rows, columns = (
        (line >= start[:, axis, None]) & (line < (start + sides)[:, axis, None]) for axis in (0, 1)
    )
    chosen = torch.rand(count, 1, 1, generator=generator) < 0.5
    box = (rows[:, :, None] & columns[:, None, :] & chosen)[:, None]
    return torch.where(box, torch.rand(count, 1, 1, 1, generator=generator), images)


RECIPES = {
    'lenet5': Recipe(
        data='mnist',
        epochs=30,
        settling=0,
        learning_rate=0.05,
        vary=vary_digits,
        bfloat16=False,
        source='trained by nn_perception on MNIST (Y. LeCun, C. Cortes)',
    ),
    'fashion_cnn': Recipe(
        data='fashion_mnist',
        epochs=20,
        settling=4,
        learning_rate=0.1,
        vary=vary_garments,
        bfloat16=True,
        source='trained by nn_perception on Fashion-MNIST (Zalando Research, 2017, MIT licence)',
    ),
}


class Training:
    """
    A network, the average of its weights, and its optimizer.

    :param name: of the recipe and the preset
    """

    def __init__(self, name: str, data: RunData) -> None:
        self.recipe, self.data = RECIPES[name], data
        torch.manual_seed(SEED)
        self.definition = PRESETS[name].define(len(data.labels))
        self.network = DefinedNetwork(self.definition).to(memory_format=torch.channels_last)
        self.average: nn.Module = copy.deepcopy(self.network)
        self.optimizer = _optimizer(self.network)
        self.steps_per_epoch = len(data.training) // BATCH_SIZE
        self._updates = 0

    def run(self) -> Iterator[float]:
        """Train; yield the mean loss of each epoch."""
        end = (self.recipe.epochs + self.recipe.settling) * self.steps_per_epoch
        losses: list[float] = []
        with ThreadPoolExecutor(1) as background:
            coming = background.submit(self._batch, 0)
            for step in range(end):
                inputs, labels = coming.result()
                coming = background.submit(self._batch, min(step + 1, end - 1))
                if step == self.recipe.epochs * self.steps_per_epoch:
                    self._settle()
                torch.manual_seed(_seed(step, 1))  # of dropout
                losses.append(self._step(inputs, labels, self._rate(step)))
                if (step + 1) % self.steps_per_epoch == 0:
                    yield float(np.mean(losses[-self.steps_per_epoch :]))

    def _settle(self) -> None:
        """Go on from the averaged weights."""
        self.network.load_state_dict(self.average.state_dict())
        self.optimizer = _optimizer(self.network)
        self._updates = 0

    def _rate(self, step: int) -> float:
        done = step / (self.recipe.epochs * self.steps_per_epoch)
        if done < 1.0:
            return self.recipe.learning_rate * one_cycle(done)
        settled = (done - 1.0) * self.recipe.epochs / self.recipe.settling
        half_cosine = 0.5 * (1.0 + math.cos(math.pi * settled))
        return self.recipe.learning_rate * SETTLING_RATE * half_cosine

    def accuracy(self, part: Samples) -> float:
        """Return the share of samples that the averaged network labels right."""
        self.average.eval()
        right = 0
        with torch.inference_mode():
            for at in np.array_split(np.arange(len(part)), max(1, len(part) // 500)):
                top = self.average(self.data.batch(part, at)).argmax(1).numpy()
                right += int((top == part.labels[at]).sum())
        return right / len(part)

    def _batch(self, step: int) -> tuple[Tensor, Tensor]:
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([SEED, epoch]).permutation(len(self.data.training))
        at = order[place * BATCH_SIZE : (place + 1) * BATCH_SIZE]
        generator = torch.Generator().manual_seed(_seed(step, 0))
        images = torch.from_numpy(self.data.training.images[at])[:, None].float() / 255.0
        done = step / (self.recipe.epochs * self.steps_per_epoch)
        images = self.recipe.vary(images, done, generator)
        preprocessing = self.data.preprocessing
        inputs = (images * 255.0 - preprocessing.mean[0]) / preprocessing.std[0]
        return inputs, torch.from_numpy(self.data.training.labels[at])

    def _step(self, inputs: Tensor, labels: Tensor, rate: float) -> float:
        for group in self.optimizer.param_groups:
            group['lr'] = rate
        self.network.train()
        with torch.autocast('cpu', torch.bfloat16, enabled=self.recipe.bfloat16):
            logits = self.network(inputs.contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(logits.float(), labels, label_smoothing=LABEL_SMOOTHING)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self._updates += 1
        share = 1.0 - min(AVERAGE_DECAY, (1.0 + self._updates) / (10.0 + self._updates))
        new = self.network.state_dict()
        for name, values in self.average.state_dict().items():
            if values.is_floating_point():
                values.lerp_(new[name], share)
            else:
                values.copy_(new[name])
        return loss.item()


def _optimizer(network: nn.Module) -> torch.optim.Optimizer:
    groups = [
        {
            'params': [p for p in network.parameters() if (p.ndim > 1) is decays],
            'weight_decay': WEIGHT_DECAY if decays else 0.0,
        }
        for decays in (True, False)  # batch norm and biases must not decay
    ]
    return torch.optim.SGD(groups, lr=0.0, momentum=MOMENTUM, nesterov=True)


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence((SEED, *numbers)).generate_state(1, np.uint64)[0] >> 1)


def write(name: str, training: Training, path: Path) -> None:
    """Write the averaged weights as a checkpoint."""
    weights = {
        tensor: np.ascontiguousarray(values.numpy())
        for tensor, values in training.average.state_dict().items()
    }
    epochs = training.recipe.epochs + training.recipe.settling
    digest = hashlib.sha256(b''.join(values.tobytes() for values in weights.values()))
    metadata = CheckpointMetadata(
        network=DEFINED,
        labels=training.data.labels,
        preprocessing=training.data.preprocessing,
        version=f'{name}-seed{SEED}-epochs{epochs}-{digest.hexdigest()[:12]}',
        licence='Apache-2.0',
        source=training.recipe.source,
        definition=training.definition,
    )
    write_checkpoint(path, weights, metadata)


def main() -> None:
    """Train, write the checkpoint, and read the test samples once."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n\n')[0])
    parser.add_argument('name', choices=RECIPES)
    parser.add_argument('--output', type=Path, required=True, metavar='FILE')
    parser.add_argument('--limit', type=int, default=0, metavar='N', help='for a test')
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    # Filling memory finds bugs, but costs time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    data = open_data(RECIPES[args.name].data, SEED, args.limit)
    training, began_s = Training(args.name, data), time.monotonic()
    for epoch, loss in enumerate(training.run(), 1):
        accuracy, minutes = training.accuracy(data.validation), (time.monotonic() - began_s) / 60
        print(f'epoch {epoch}: loss {loss:.4f}, validation {accuracy:.2%}, {minutes:.1f} min')
    write(args.name, training, args.output)
    print(f'{args.output}: {training.accuracy(data.test):.2%} of the test samples are right')


if __name__ == '__main__':
    main()
