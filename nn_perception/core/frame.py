"""What a source of frames gives."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.core.imaging.image_files import Image


@dataclass(frozen=True)
class Frame:
    """One picture of a source."""

    image_bgr: Image
    """uint8, shape ``(H, W, 3)``"""
    name: str
    """the photograph's file name; else the source's name and the frame's number"""
    after_s: float | None = None
    """how long after the frame before it was taken; None where all come at the source's rate"""
    frame_id: str = ''
    """where the source knows it"""
