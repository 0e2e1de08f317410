"""What the page, and everybody else, asks of a training run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from nn_perception.core.inspection.records import Maps
from nn_perception.training.inspection.inspectable import Inspectable
from nn_perception.training.runs.records import (
    Evaluation,
    History,
    LayerStatistics,
    Prediction,
    Rates,
    RunSettings,
    RunStatus,
)
import numpy as np
from numpy.typing import NDArray


class Run(Inspectable, Protocol):
    """
    A training run; its network can be looked into while it trains.

    The process of a run survives whoever started it. All methods block for less than a second,
    and may be called from any thread; what they return is of one moment between two steps.

    :ivar name: unique, the name of its folder
    :ivar settings: what it was started with
    :raises RuntimeError: (all methods) a sentence, if its process has ended and the answer is not
        stored
    :raises ValueError: (all methods) a sentence, if a value is wrong
    """

    name: str
    settings: RunSettings

    def status(self) -> RunStatus:
        """Return what it is doing; cheap."""

    def history(self) -> History:
        """Return its curves."""

    def pause(self) -> None:
        """Pause after the current step."""

    def resume(self) -> None:
        """Go on after a pause."""

    def step(self) -> None:
        """Do one step, and pause."""

    def reset(self) -> None:
        """Begin again with new weights of the same seed; the history begins anew."""

    def set_rates(self, rates: Rates) -> None:
        """Change settings; they act from the next step on."""

    def set_epochs(self, epochs: int) -> None:
        """Change the number of epochs; a finished run goes on if there are more to do."""

    def statistics(self) -> tuple[LayerStatistics, ...]:
        """Return statistics of all layers for the last batch."""

    def maps(self, layer: str, tensor: str, test_index: int) -> Maps:
        """
        Return the values of a layer.

        :param tensor: ``activations`` or ``gradients``, for a test sample; ``weights`` or
            ``weight_gradients``, which belong to the last batch
        :param test_index: of the test sample
        """

    def evaluate(self, *, before_training: bool = False) -> Evaluation:
        """
        Return how it does on all test samples, at most one epoch old.

        :param before_training: with the weights that it began with
        """

    def predictions(self, indices: Sequence[int]) -> tuple[Prediction, ...]:
        """Return what it says about test samples now."""

    def examples(self, truth: int, prediction: int, count: int) -> tuple[int, ...]:
        """Return indices of the test samples of one cell of the confusion matrix."""

    def test_picture(self, index: int) -> NDArray[np.uint8]:
        """Return a test sample, ``(H, W)`` or ``(H, W, 3)``."""

    def save_snapshot(self) -> bytes:
        """Return definition, settings, weights, optimizer and history as one safetensors file."""

    def write_checkpoint(self, path: Path) -> None:
        """Write a checkpoint that ``digit_reader`` or ``tagger`` loads."""

    def end(self) -> None:
        """Store the weights, the history and the evaluation, and end its process."""


class Runs(Protocol):
    """The training runs in a folder, newest first; those of other processes too."""

    def prepare(self) -> None:
        """
        Start a spare process, so that the next run starts at once; call it when a view opens.

        It ends when it is not needed for some minutes, or when this process ends.

        :raises OSError: if it cannot be started
        """

    def start(self, settings: RunSettings, snapshot: bytes | None = None) -> Run:
        """
        Start a run; it trains at once.

        :param snapshot: weights, optimizer and history to go on from
        :raises ValueError: a sentence, if the settings are wrong or the network is too large
        :raises RuntimeError: if no more runs can train at a time
        :raises OSError: if its folder cannot be written
        """

    def list(self) -> tuple[Run, ...]:
        """Return all runs, the newest first."""

    def find(self, name: str) -> Run:
        """
        Return a run, with connections of its own: each viewer has a last picture of its own.

        :raises ValueError: if there is none
        """

    def delete(self, name: str) -> None:
        """End a run, and delete all that it stored."""

    def close(self) -> None:
        """End all runs that this process started; their results stay."""
