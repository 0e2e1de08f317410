"""An image with what is known of its capture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nn_perception.core.imaging.preprocessing import Image


@dataclass(frozen=True)
class Frame:
    """
    An image with what is known of its capture.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    :param name: for people: the photograph's file name, or the source's name and a number
    :param source: the camera or topic; frames of one source form a stream
    :param stamp_s: when it was captured, or received if the source does not say, in seconds
    :param interval_s: time since the previous frame of its source; None where all frames come at
        the source's rate
    :param frame_id: coordinate frame of the camera; empty if unknown
    :param header: header of the message that it came in; None elsewhere
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
