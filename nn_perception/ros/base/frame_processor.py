"""What a frame worker works with: what computes the results, and what publishes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import cv2
from nn_perception.core.frame import Frame
import numpy as np
from numpy.typing import NDArray

# What a bad frame or a failing device can raise; anything else is a bug and ends the process.
FRAME_ERRORS = (ValueError, OSError, RuntimeError, MemoryError, cv2.error)

R_co = TypeVar('R_co', covariant=True)
R_contra = TypeVar('R_contra', contravariant=True)


class FrameProcessor(Protocol[R_co]):
    """Turns frames into results, as the pipelines of the capabilities do."""

    def process(self, frames: Sequence[Frame]) -> Sequence[R_co]:
        """
        Compute the results of frames in one batch.

        :param frames: at least one, each from another camera
        """
        ...


class ResultOutput(Protocol[R_contra]):
    """Publishes results, as a camera node does."""

    def publish(self, frame: Frame, result: R_contra) -> None:
        """Publish the result of a frame."""
        ...

    def draw(self, image_bgr: NDArray[np.uint8], result: R_contra) -> NDArray[np.uint8]:
        """Draw a result on a copy of its image."""
        ...
