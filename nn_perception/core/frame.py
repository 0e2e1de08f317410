"""The frame: an image with the data of its capture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nn_perception.core.imaging.preprocessing import Image


@dataclass(frozen=True)
class Frame:
    """
    An image with the data of its capture.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    :param name: name to show to people: a file name, or the name of the source and a number
    :param source: camera or topic; all frames of a source belong to one stream
    :param stamp_s: time of capture in seconds, or of receipt if the source does not know it
    :param interval_s: time since the previous frame of the source in seconds; None if the source
        has a constant rate
    :param frame_id: coordinate frame of the camera; empty if unknown
    :param header: header of the message that contained the image; None if there was no message
    """

    image_bgr: Image
    name: str = ''
    source: str = ''
    stamp_s: float = 0.0
    interval_s: float | None = None
    frame_id: str = ''
    header: Any = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.image_bgr.shape[:2]
        return width, height
