"""What every container of an image says, and the limit on its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Buffer: TypeAlias = bytes | memoryview

# A node's parameter, and an option of the command, are named so.
MAX_PIXELS_NAME = 'max_image_pixels'
MAX_PIXELS = 50_000_000
UPRIGHT = 1
BITS = 8


@dataclass(frozen=True)
class Container:
    """
    An image that is not decoded yet.

    :ivar kind: ``'JPEG'``, ``'PNG'`` and so on
    :ivar width: of the image as stored, in pixels
    :ivar height: of the image as stored, in pixels
    :ivar data: what a decoder may see: nothing but the parts that were checked
    :ivar bits: bits of a value of a channel
    :ivar has_alpha: whether some pixels may be transparent
    :ivar orientation: 1 to 8, as EXIF defines them
    :ivar is_complete: whether the container ends as its format demands
    :ivar least_bytes: so many bytes its pixels need at least, however well they are compressed
    :ivar variant: which of the forms of its format it is
    """

    kind: str
    width: int
    height: int
    data: Buffer
    bits: int = BITS
    has_alpha: bool = False
    orientation: int = UPRIGHT
    is_complete: bool = True
    least_bytes: int = 0
    variant: str = ''

    def check_size(self, max_pixels: int) -> None:
        """
        Reject an image without pixels, with too many, or with more than its data can hold.

        :raises ValueError: if its size is out of range; the message has no subject
        """
        check_size(self.width, self.height, max_pixels)
        if len(self.data) < self.least_bytes:
            raise ValueError(
                f'is truncated: {self.width} x {self.height} pixels need at least '
                f'{self.least_bytes} bytes, it has {len(self.data)}'
            )


def check_size(width: int, height: int, max_pixels: int) -> None:
    """
    Reject a size without pixels, or with too many.

    :param width: in pixels
    :param height: in pixels
    :param max_pixels: the largest product of both
    :raises ValueError: if the size is out of range; the message has no subject
    """
    if width < 1 or height < 1:
        raise ValueError(f'has no pixels ({width} x {height})')
    if width * height > max_pixels:
        raise ValueError(
            f'is too large: {width} x {height} pixels, the limit is {max_pixels / 1e6:g} '
            f'megapixels ({MAX_PIXELS_NAME})'
        )
