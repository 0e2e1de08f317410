"""To which image a result belongs: the one with its stamp and frame."""

from __future__ import annotations

from collections import deque, OrderedDict
from typing import Generic, NamedTuple, TypeVar

from std_msgs.msg import Header

T = TypeVar('T')

# Ten seconds of a camera at 60 Hz: results of slow networks come late.
MAX_IMAGES = 600
# Results may overtake their images, which are larger.
MAX_EARLY = 32


class ImageKey(NamedTuple):
    """
    What identifies an image of a camera.

    :ivar stamp_ns: time of capture; 0: the header has no stamp
    :ivar frame_id: of the header
    """

    stamp_ns: int
    frame_id: str

    @classmethod
    def of(cls, header: Header) -> ImageKey:
        """Return the key of the image that a header belongs to."""
        return cls(header.stamp.sec * 1_000_000_000 + header.stamp.nanosec, header.frame_id)


class RecentImages(Generic[T]):
    """
    The newest images of a camera, and the results that came before their images.

    Images without a stamp match nothing.
    """

    def __init__(self) -> None:
        self._keys: OrderedDict[ImageKey, None] = OrderedDict()
        self._early: deque[tuple[ImageKey, T]] = deque(maxlen=MAX_EARLY)

    def add_image(self, key: ImageKey) -> list[T]:
        """
        Register an image.

        :returns: the results that came before it
        """
        self._keys[key] = None
        if len(self._keys) > MAX_IMAGES:
            self._keys.popitem(last=False)
        results = [result for early, result in self._early if early == key]
        if results:
            kept = [entry for entry in self._early if entry[0] != key]
            self._early = deque(kept, maxlen=MAX_EARLY)
        return results

    def add_result(self, key: ImageKey, result: T) -> bool:
        """
        Tell whether a result belongs to one of the images; else it is kept for a moment.

        :param key: of its header
        :param result: what is kept
        """
        if key in self._keys:
            return True
        if key.stamp_ns:
            self._early.append((key, result))
        return False

    def clear(self) -> None:
        """Forget all."""
        self._keys.clear()
        self._early.clear()
