"""
Convert images to the input batch of a network.

OpenCV is imported where it is used: a process that only hears does without its memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nn_perception.core.quoting import quoted
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Batch = NDArray[np.float32]

INTERPOLATIONS = ('linear', 'cubic')

# Of mean and standard deviation, for pixel values of 0 to 255.
LARGEST = 1e6


@dataclass(frozen=True)
class Preprocessing:
    """
    Crop the centre of an image, resize it to a square and normalise its colours, or its grey.

    Cropping comes first, so that no pixel is computed in vain. Scaling down always averages areas,
    whatever ``interpolation`` is: camera images are several times larger than the input, and other
    methods would alias.

    :param size: width and height of the network's input in pixels
    :param crop: side of the square crop as a fraction of the shorter side of the image, in
        ``(0, 1]``; with ``stretch``, fraction of both sides
    :param interpolation: method for scaling up, ``linear`` or ``cubic``
    :param mean: mean of red, green and blue, for pixel values of 0 to 255; a single value for
        networks with grey input
    :param std: standard deviation of the same channels, for pixel values of 0 to 255
    :param stretch: whether the crop keeps the aspect ratio of the image and is stretched to a
        square
    :param foreground: whether the image shows a single thing on a plain ground, which is cut out
        instead of the centre, see :func:`nn_perception.core.imaging.foreground.cut_out`; only for
        networks with grey input
    :raises ValueError: if a value is out of range
    """

    size: int
    crop: float
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    stretch: bool = False
    foreground: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        if not 1 <= self.size <= 8192:
            raise ValueError(f'preprocessing size must be 1 to 8192 pixels, got {self.size}')
        if not 0.0 < self.crop <= 1.0:
            raise ValueError(f'preprocessing crop must be above 0 and at most 1, got {self.crop}')
        if self.interpolation not in INTERPOLATIONS:
            known = ' or '.join(INTERPOLATIONS)
            raise ValueError(
                f'preprocessing interpolation must be {known}, got {quoted(self.interpolation)}'
            )
        if (len(self.mean), len(self.std)) not in ((1, 1), (3, 3)):
            raise ValueError(
                'preprocessing mean and std must have three values each, or one each for grey, '
                f'got {len(self.mean)} and {len(self.std)}'
            )
        if self.foreground and len(self.mean) != 1:
            raise ValueError('preprocessing foreground needs a single mean, for grey input')
        if not np.isfinite(self.mean + self.std).all() or min(self.std) <= 0.0:
            raise ValueError('preprocessing mean must be finite, std finite and positive')
        # Else the input of the network would not be finite.
        if max(map(abs, self.mean + self.std)) > LARGEST or min(self.std) < 1 / LARGEST:
            raise ValueError(
                f'preprocessing mean must be -{LARGEST:g} to {LARGEST:g}, std {1 / LARGEST:g} to '
                f'{LARGEST:g}'
            )

    @classmethod
    def from_json(cls, values: Any) -> Preprocessing:
        """
        Create from the result of :meth:`to_json`.

        :raises ValueError: if a field is missing or has the wrong type
        """
        if not isinstance(values, dict):
            raise ValueError(f'preprocessing must be an object, got {type(values).__name__}')
        try:
            return cls(
                size=int(values['size']),
                crop=float(values['crop']),
                interpolation=str(values['interpolation']),
                mean=tuple(float(value) for value in values['mean']),
                std=tuple(float(value) for value in values['std']),
                stretch=bool(values.get('stretch', False)),
                foreground=bool(values.get('foreground', False)),
            )
        except KeyError as error:
            raise ValueError(f'preprocessing lacks {error}') from error
        except TypeError as error:
            raise ValueError(f'preprocessing is malformed: {error}') from error

    def to_json(self) -> dict[str, Any]:
        """Convert to a dictionary that can be written as JSON."""
        values: dict[str, Any] = {
            'size': self.size,
            'crop': self.crop,
            'interpolation': self.interpolation,
            'mean': list(self.mean),
            'std': list(self.std),
        }
        flags = {'stretch': self.stretch, 'foreground': self.foreground}
        return values | {name: True for name, flag in flags.items() if flag}

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape of one image in a batch: channels, height and width."""
        return self.channels, self.size, self.size

    @property
    def channels(self) -> int:
        """Number of input channels: 3 for colour, 1 for grey."""
        return len(self.mean)

    def __call__(self, images_bgr: Sequence[Image]) -> Batch:
        """
        Convert images to a batch.

        :param images_bgr: N images, uint8, ``(H, W, 3)`` each, blue first; sizes may differ
        :returns: float32, ``(N, 3, size, size)``, red first, or ``(N, 1, size, size)``, luma as
            in ITU-R BT.601; contiguous
        :raises ValueError: if an image has another shape or type, or no pixels
        """
        batch = np.empty((len(images_bgr), self.channels, self.size, self.size), np.float32)
        factors, offsets = self._normalisation
        for planes, image in zip(batch, images_bgr, strict=True):
            for channel, values in enumerate(self._channels_of(self.resized(image))):
                np.multiply(values, factors[channel], out=planes[channel])
                planes[channel] += offsets[channel]
        return batch

    def crop_box(self, height: int, width: int) -> tuple[int, int, int, int]:
        """
        Locate the crop of an image.

        :returns: left, top, width and height in pixels; width and height are at least 1
        """
        sides = (width, height) if self.stretch else (min(height, width),) * 2
        right, down = (max(1, round(side * self.crop)) for side in sides)
        return (width - right) // 2, (height - down) // 2, right, down

    def resized(self, image_bgr: Image) -> Batch:
        """
        Crop and resize an image, without normalisation.

        :param image_bgr: uint8, ``(H, W, 3)``
        :returns: float32, ``(size, size, 3)``, 0 to 255, in the same order of channels
        :raises ValueError: if the image has another shape or type, or no pixels
        """
        import cv2

        check_image(image_bgr)
        part = self._part(image_bgr)
        height, width = part.shape[:2]
        # Scale down first: OpenCV averages areas only if no side is scaled up.
        shrunk = min(width, self.size), min(height, self.size)
        if shrunk != (width, height):
            part = np.asarray(cv2.resize(part, shrunk, interpolation=cv2.INTER_AREA), np.float32)
        if shrunk != (self.size, self.size):
            cubic = self.interpolation == 'cubic'
            method = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
            part = np.asarray(
                cv2.resize(part, (self.size, self.size), interpolation=method), np.float32
            )
            np.clip(part, 0.0, 255.0, out=part)
        return part

    def _part(self, image_bgr: Image) -> Batch:
        """Return the part of an image that the network sees, ``(H, W, 3)``."""
        if self.foreground:
            import cv2
            from nn_perception.core.imaging.foreground import cut_out

            return np.asarray(cv2.cvtColor(cut_out(image_bgr), cv2.COLOR_GRAY2BGR), np.float32)
        left, top, width, height = self.crop_box(*image_bgr.shape[:2])
        # Including the conversion, OpenCV averages areas of float32 faster than of uint8.
        return image_bgr[top : top + height, left : left + width].astype(np.float32, order='C')

    def _channels_of(self, square_bgr: Batch) -> Sequence[Batch]:
        """Split a square ``(size, size, 3)`` into red, green and blue, or convert it to grey."""
        import cv2

        if self.channels == 1:
            return (np.asarray(cv2.cvtColor(square_bgr, cv2.COLOR_BGR2GRAY), np.float32),)
        blue, green, red = (np.asarray(plane, np.float32) for plane in cv2.split(square_bgr))
        return red, green, blue

    @cached_property
    def _normalisation(self) -> tuple[Batch, Batch]:
        """Factors and offsets that normalise the channels, ``(channels,)`` each."""
        mean, std = np.array(self.mean), np.array(self.std)
        return (1.0 / std).astype(np.float32), (-mean / std).astype(np.float32)


def check_image(image: NDArray[Any]) -> None:
    """
    Reject what is not a colour image.

    :raises ValueError: if it is not uint8 of the shape ``(H, W, 3)`` with positive H and W
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f'expected an image of uint8, H x W x 3, got {image.dtype} of shape {image.shape}'
        )
    if image.size == 0:
        raise ValueError(f'expected an image with pixels, got the shape {image.shape}')


def check_batch(batch: NDArray[Any], channels: int) -> None:
    """
    Reject what is not a batch of images.

    :param batch: the input of a network
    :param channels: number of channels that the network takes
    :raises ValueError: if it is not float32 with four axes, at least one image and these channels
    """
    if (
        batch.dtype != np.float32
        or batch.ndim != 4
        or batch.shape[1] != channels
        or len(batch) < 1
    ):
        raise ValueError(
            f'expected a batch of float32, N x {channels} x H x W, got {batch.dtype} of shape '
            f'{batch.shape}'
        )
