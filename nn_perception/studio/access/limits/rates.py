"""How often something may happen."""

from __future__ import annotations

from collections import OrderedDict
import time

# Clients that are remembered; one that is forgotten begins anew, the limit for all still holds.
MAX_CLIENTS = 1024


class Bucket:
    """
    Let something happen at a rate, and a number of times at once.

    :param burst: so often at once
    :param rate_hz: so often in the long run
    """

    def __init__(self, burst: float, rate_hz: float) -> None:
        self._burst, self._rate_hz = burst, rate_hz
        self._left, self._at_s = burst, time.monotonic()

    @property
    def empty(self) -> bool:
        """Whether it must not happen now."""
        self._fill()
        return self._left < 1

    def take(self) -> bool:
        """Count one; :returns: whether it may happen. What may not is not counted."""
        if self.empty:
            return False
        self._left -= 1
        return True

    def _fill(self) -> None:
        now_s = time.monotonic()
        self._left = min(self._burst, self._left + (now_s - self._at_s) * self._rate_hz)
        self._at_s = now_s


class ClientBuckets:
    """
    A bucket for each client and one for all together.

    :param burst: so often at once, for a client
    :param rate_hz: so often in the long run, for a client
    :param share: all clients together may take so many times as much
    """

    def __init__(self, burst: float, rate_hz: float, share: float) -> None:
        self._burst, self._rate_hz = burst, rate_hz
        self._all = Bucket(burst * share, rate_hz * share)
        self._clients: OrderedDict[str, Bucket] = OrderedDict()

    def empty(self, client: str) -> bool:
        """Whether it must not happen now."""
        return self._of(client).empty or self._all.empty

    def take(self, client: str) -> bool:
        """Count one; :returns: whether it may happen."""
        return self._of(client).take() and self._all.take()

    def _of(self, client: str) -> Bucket:
        bucket = self._clients.get(client)
        if bucket is None:
            bucket = self._clients[client] = Bucket(self._burst, self._rate_hz)
            if len(self._clients) > MAX_CLIENTS:
                self._clients.popitem(last=False)
        self._clients.move_to_end(client)
        return bucket
