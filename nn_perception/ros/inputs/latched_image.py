"""The newest image of publishers that send seldom, and keep it for late subscribers."""

from __future__ import annotations

import math
import time
from typing import Generic, TypeVar

T = TypeVar('T')

# Publishers with longer intervals, or that sent for less long, are not cameras: no image for a
# while is nothing unusual.
SELDOM_S = 3.0


class LatchedImage(Generic[T]):
    """
    The newest image of a subscription, as long as its publishers are latched.

    :ivar newest: for listeners that come later; None if there is none
    """

    def __init__(self) -> None:
        self.newest: T | None = None
        self._sent_ns: int | None = None
        self._first_at_s = self._newest_at_s = -math.inf
        self._interval_s = 0.0

    @property
    def is_shown(self) -> bool:
        """Whether an image is there, and another one need not come soon."""
        lasted_s = self._newest_at_s - self._first_at_s
        return self.newest is not None and (self._interval_s >= SELDOM_S or lasted_s < SELDOM_S)

    def clear(self) -> None:
        """Forget the image: nobody listens any more."""
        self.newest = self._sent_ns = None
        self._first_at_s = self._newest_at_s = -math.inf

    def is_repeated(self, sent_ns: int | None) -> bool:
        """
        Tell whether an image was received before; a new subscription receives it again.

        :param sent_ns: when the publisher sent it; None or 0 if the middleware does not say
        """
        before_ns, self._sent_ns = self._sent_ns, sent_ns
        return bool(sent_ns) and sent_ns == before_ns

    def received(self, image: T, *, latched: bool) -> None:
        """
        Note an image.

        :param latched: whether its publishers keep it for late subscribers
        """
        self.newest = image if latched else None
        now_s = time.monotonic()
        self._interval_s = now_s - self._newest_at_s
        self._newest_at_s = now_s
        if self._first_at_s == -math.inf:
            self._first_at_s = now_s
