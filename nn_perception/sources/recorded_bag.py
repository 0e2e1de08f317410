"""Recorded bags as frames."""

from __future__ import annotations

from dataclasses import replace
import logging
from pathlib import Path
from typing import Any

from nn_perception.bags.bag import Bag
from nn_perception.bags.storage.connection import Message
from nn_perception.core.frame import Frame

LOG = logging.getLogger(__name__)

# Of a bag with a single image, which has no rate of its own.
DEFAULT_RATE_HZ = 1.0
MAX_REASONS = 20


class BagSource:
    """
    The images of one topic of a bag, with the intervals at which they were taken.

    :ivar rate_hz: about the mean of the recording
    :ivar calibration: the first one that the bag has of this camera
    :param topic: may be empty if the bag has only one with images
    :raises ImportError: if the package rosbags is not installed
    :raises OSError: if the bag cannot be read
    :raises ValueError: if it is not a bag, is damaged or has no images, or if it has several
        image topics and none is given
    """

    live = False

    def __init__(self, path: Path, topic: str = '') -> None:
        self._bag = Bag(path)
        self._name = path.name
        try:
            self._topic = self._bag.choose_topic(topic)
            self.calibration: dict[str, Any] | None = self._bag.calibration(self._topic)
            self.rate_hz = self._mean_rate_hz()
        except BaseException:
            self._bag.close()
            raise
        self._reasons: set[str] = set()
        self.rewind()

    def read(self) -> Frame | None:
        """
        Read the next frame; images that cannot be decoded are skipped and logged.

        A bag that turns out to be damaged ends there, which is logged too.
        """
        try:
            for message in self._messages:
                self._count += 1
                frame = self._decode(message)
                if frame is not None:
                    return frame
        except ValueError as error:
            self._warn(str(error))
        return None

    def rewind(self) -> bool:
        """Start again from the first image."""
        self._count = 0
        self._before_ns: int | None = None
        self._messages = self._bag.messages([self._topic])
        return True

    def close(self) -> None:
        """Close the bag."""
        self._bag.close()

    def _decode(self, message: Message) -> Frame | None:
        """Decode an image; None if that fails, which is logged."""
        try:
            frame = self._bag.frame(message)
        except ValueError as error:
            self._warn(f'skipped: an image on {self._topic}: {error}')
            return None
        before_ns, self._before_ns = self._before_ns, frame.stamp_ns
        interval_s = 1.0 / self.rate_hz
        if before_ns is not None:
            interval_s = max(0.0, (frame.stamp_ns - before_ns) * 1e-9)
        return replace(frame, name=f'{self._name}#{self._count}', interval_s=interval_s)

    def _mean_rate_hz(self) -> float:
        count = self._bag.count(self._topic)
        if not count:
            raise ValueError(f'{self._bag.path} contains no images on {self._topic}')
        duration_s = self._bag.duration_s
        return (count - 1) / duration_s if count > 1 and duration_s > 0 else DEFAULT_RATE_HZ

    def _warn(self, sentence: str) -> None:
        """Log each sentence once, and only so many different ones."""
        if sentence not in self._reasons and len(self._reasons) < MAX_REASONS:
            self._reasons.add(sentence)
            LOG.warning('%s', sentence)
