"""Recorded bags as frames."""

from __future__ import annotations

from dataclasses import replace
import logging
from pathlib import Path
from typing import Any

from nn_perception.bags.bag import Bag
from nn_perception.bags.storage.connection import Message
from nn_perception.core.frame import Frame
from nn_perception.sources.frame_source import StoredFrames
from nn_perception.sources.recorded_intervals import RecordedIntervals
from nn_perception.sources.skip_log import SkipLog

LOG = logging.getLogger(__name__)

MAX_REASONS = 20


class BagSource(StoredFrames):
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

    def __init__(self, path: Path, topic: str = '') -> None:
        self._bag = Bag(path)
        self._name = path.name
        try:
            self._topic = self._bag.choose_topic(topic)
            self.calibration: dict[str, Any] | None = self._bag.calibration(self._topic)
            mean_interval_s = self._mean_interval_s()
        except BaseException:
            self._bag.close()
            raise
        self._log = SkipLog(LOG, MAX_REASONS)
        self._intervals = RecordedIntervals(mean_interval_s, self._log.warn)
        self.rate_hz = 1.0 / self._intervals.usual_s
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
            self._log.warn(str(error))
        return None

    def rewind(self) -> bool:
        """Start again from the first image."""
        self._count = 0
        self._intervals.restart()
        self._messages = self._bag.images([self._topic])
        return True

    def close(self) -> None:
        """Close the bag."""
        self._bag.close()

    def _decode(self, message: Message) -> Frame | None:
        """Decode an image; None if that fails, which is logged."""
        try:
            frame = self._bag.frame(message)
        except ValueError as error:
            self._log.warn(f'skipped: an image on {self._topic}: {error}')
            return None
        interval_s = self._intervals.next_s(self._count, frame.stamp_ns, frame.recorded_ns)
        return replace(frame, name=f'{self._name}#{self._count}', interval_s=interval_s)

    def _mean_interval_s(self) -> float:
        count = self._bag.count(self._topic)
        if not count:
            raise ValueError(f'{self._bag.path} contains no images on {self._topic}')
        return self._bag.duration_s / max(count - 1, 1)
