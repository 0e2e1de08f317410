"""A training of a digit network, from the files of MNIST to the state that is saved."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass
import hashlib
from pathlib import Path
import tempfile
from typing import Any

from nn_perception.core.inference.checkpoint import SUFFIX
from nn_perception.sources.photographs import PHOTO_SUFFIXES
from nn_perception.training.digits.clutter import SAMPLES
from nn_perception.training.digits.mnist import Bytes, load_mnist, split
from nn_perception.training.digits.training_loop import Step, train, train_steps, TrainingSettings
from nn_perception.training.digits.training_set import LABELS, TrainingSet
from nn_perception.training.digits.training_state import read_settings, TrainingState
from nn_perception.training.epoch import Epoch
import torch
from torch import Tensor

HELD_OUT = 2000
# The share of the epochs, at the end, in which digits are augmented only slightly.
SETTLING = 0.25
STATE_FILE = f'state{SUFFIX}'


@dataclass(frozen=True)
class TrainingOptions:
    """
    Inputs and output of a training.

    :param data: folder of the four MNIST files
    :param output: folder for all files; created if it does not exist
    :param settings: settings of the training
    :param clutter: folders of pictures without digits, in addition to the sample photographs
    :param limit: maximum number of MNIST's digits to train with; None: all
    :param augment: augment digits, and add other samples
    :param restart: start again instead of resuming an interrupted training
    """

    data: Path
    output: Path
    settings: TrainingSettings
    clutter: Sequence[Path] = ()
    limit: int | None = None
    augment: bool = True
    restart: bool = False


class TrainingRun:
    """
    A training that starts, or resumes from the output folder.

    :raises OSError: if the data cannot be read, or the output folder cannot be written
    :raises ValueError: if the data are not those of MNIST, or the output folder contains the state
        of another training
    """

    def __init__(self, options: TrainingOptions) -> None:
        self.options = options
        self.state_path = options.output / STATE_FILE
        mnist = load_mnist(options.data)
        pictures = [path for folder in options.clutter for path in photographs(folder)]
        pictures = [*SAMPLES, *pictures]
        check_writable(options.output)
        self.test_images, self.test_labels = mnist.test_images, mnist.test_labels
        count = min(HELD_OUT, len(mnist.train_labels) // 10)
        places, held_out = split(mnist.train_labels, count, options.settings.seed)
        places = places[: options.limit]
        self._validation = as_batch(mnist.train_images[held_out], mnist.train_labels[held_out])
        self._samples = TrainingSet(
            mnist.train_images[places],
            mnist.train_labels[places],
            clutter=pictures,
            seed=options.settings.seed,
            augmented=options.augment,
            settling_from=round(options.settings.epochs * (1.0 - SETTLING)),
        )
        self.depends_on: dict[str, Any] = asdict(options.settings) | {
            'mnist': mnist.sha256,
            'samples': len(self._samples),
            'limit': options.limit,
            'augment': options.augment,
            'clutter': [path.name for path in pictures],
            'clutter_sha256': _sha256(pictures),
            'torch': torch.__version__,
        }
        self.steps = self._samples.steps(options.settings.batch_size)
        self.state = TrainingState(
            options.settings.network,
            len(LABELS),
            weight_decay=options.settings.weight_decay,
            seed=options.settings.seed,
        )
        self.resumed = self._resume()

    def steps_from_here(self, settings: TrainingSettings) -> Generator[Step, None, None]:
        """
        Do a step for each value that is taken; nothing is saved.

        :param settings: of the following steps; those of the options, or others but for network
            and seed
        :raises ArithmeticError: if the loss is not finite
        """
        return train_steps(self.state, settings, self._samples, self._validation)

    def batch(self, epoch: int, step: int, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return a batch, see :class:`nn_perception.training.digits.training_loop.Samples`."""
        return self._samples.batch(epoch, step, batch_size)

    def train(
        self,
        *,
        on_step: Callable[[int, int, int], None],
        on_epoch: Callable[[Epoch], None],
        stopping: Callable[[], bool],
    ) -> bool:
        """
        Train; save the state after each epoch and at the end.

        The callbacks are those of :func:`nn_perception.training.digits.training_loop.train`.

        :returns: whether the last epoch is finished
        :raises OSError: if the state cannot be written
        :raises ArithmeticError: if the loss is not finite
        """

        def save_and_report(epoch: Epoch) -> None:
            self.state.save(self.state_path, self.depends_on)
            on_epoch(epoch)

        done = train(
            self.state,
            self.options.settings,
            self._samples,
            self._validation,
            on_step=on_step,
            on_epoch=save_and_report,
            stopping=stopping,
        )
        if not done:
            self.state.save(self.state_path, self.depends_on)
        return done

    def _resume(self) -> bool:
        """Load the state of an interrupted training; return whether there is one."""
        if self.options.restart or not self.state_path.exists():
            return False
        try:
            found = read_settings(self.state_path)
        except ValueError as error:
            raise ValueError(f'{error}; start again with --restart') from error
        other = sorted(
            name
            for name in found.keys() | self.depends_on.keys()
            if found.get(name) != self.depends_on.get(name)
        )
        if other:
            raise ValueError(
                f'{self.state_path} belongs to a training with other settings '
                f'({", ".join(other)}); resume it with the same settings, choose another output '
                'folder, or start again with --restart'
            )
        self.state.load(self.state_path)
        return True


def as_batch(images: Bytes, labels: Bytes) -> tuple[Tensor, Tensor]:
    """
    Convert digits to a batch.

    :param images: uint8, ``(N, 28, 28)``
    :param labels: uint8, ``(N,)``
    :returns: float32, ``(N, 1, 28, 28)``, in ``[0, 1]``, and int64, ``(N,)``
    """
    return torch.from_numpy(images)[:, None].float() / 255.0, torch.from_numpy(labels).long()


def check_writable(folder: Path) -> None:
    """
    Create a folder if it does not exist, and check that it is writable.

    :raises OSError: if it is not
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise type(error)(f'the folder {folder} cannot be written: {error.strerror}') from error


def photographs(folder: Path) -> list[Path]:
    """
    List the pictures in a folder by name.

    :raises OSError: if the folder does not exist
    :raises ValueError: if it contains no pictures
    """
    if not folder.is_dir():
        raise FileNotFoundError(f'there is no folder {folder}')
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES)
    if not found:
        raise ValueError(f'{folder} contains no pictures ({", ".join(sorted(PHOTO_SUFFIXES))})')
    return found


def _sha256(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
