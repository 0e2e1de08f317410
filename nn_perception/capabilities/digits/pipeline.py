"""Digits of a stream of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from nn_perception.capabilities.digits.defaults import (
    DIGIT_MAX_CANDIDATES,
    DIGIT_MIN_HEIGHT_PX,
    DIGIT_MIN_SCORE,
)
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.core.frame import Frame
from nn_perception.core.results import DigitReading


@dataclass(frozen=True)
class DigitOptions:
    """
    Which digits are read, see :meth:`DigitReader.read`.

    :param min_score: minimum score of a digit, in ``[0, 1]``
    :param ink: whether digits are ``dark`` or ``light`` against their background; ``auto``: both
    :param min_height_px: minimum height of a digit
    :param max_candidates: maximum number of places per image that are classified
    """

    min_score: float = DIGIT_MIN_SCORE
    ink: str = 'auto'
    min_height_px: float = DIGIT_MIN_HEIGHT_PX
    max_candidates: int = DIGIT_MAX_CANDIDATES


class DigitPipeline:
    """
    Read the digits in the frames of any number of sources, see
    :class:`~nn_perception.capabilities.pipeline.Pipeline`.

    :ivar options: which digits are read; may be replaced at any time
    :ivar reader: the detector and the network
    """

    def __init__(self, reader: DigitReader, options: DigitOptions | None = None) -> None:
        self.reader = reader
        self.options = options or DigitOptions()

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels that a digit can have."""
        return self.reader.labels

    @property
    def title(self) -> str:
        """The network and its version."""
        return self.reader.checkpoint.title

    @property
    def device(self) -> str:
        """The engine and the device of the network, in one line."""
        return self.reader.model.description

    def infer(self, frames: Sequence[Frame]) -> list[DigitReading]:
        """
        Read frames, all candidates in one batch.

        :raises ValueError: if an image has another shape or type, or no pixels
        :raises RuntimeError: if the network cannot be run
        """
        images = [frame.image_bgr for frame in frames]
        return self.reader.read_all(images, **asdict(self.options))

    def update(self, frame: Frame, raw: DigitReading) -> DigitReading:  # noqa: ARG002
        """Return the reading; it does not depend on previous frames."""
        return raw

    def process(self, frames: Sequence[Frame]) -> list[DigitReading]:
        """Read frames, see :meth:`infer`."""
        return self.infer(frames)

    def forget(self, source: str) -> None:
        """Do nothing: no frame of a source changes what is read in the next one."""

    def warm_up(self) -> None:
        """Run the network once, see :meth:`LoadedModel.warm_up`."""
        self.reader.model.warm_up()

    def close(self) -> None:
        """Free the network's memory."""
        self.reader.close()
