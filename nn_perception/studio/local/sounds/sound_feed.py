"""Hand the sound of one microphone, and what is heard, to all who listen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import threading

from nn_perception.studio.backend.sounds import SoundBlock, SoundListener, SoundResult


@dataclass(frozen=True)
class Demand:
    """
    What the listeners of a microphone want.

    :param sound: whether somebody listens
    :param results: whether somebody wants to know what is heard
    """

    sound: bool = False
    results: bool = False


class SoundFeed:
    """
    Hand sound and results to any number of listeners; threads may share it.

    While nobody listens, what is offered is dropped at once.

    :param on_demand: called when what is wanted changes. One call at a time, and the last one is
        right. Its ``ValueError`` is that of :meth:`listen`
    """

    def __init__(self, on_demand: Callable[[Demand], None]) -> None:
        self._on_demand = on_demand
        self._changing = threading.RLock()
        # Replaced as a whole, so that offering needs no lock.
        self._listeners: tuple[FeedListening, ...] = ()
        self.demand = Demand()

    def listen(self, listener: SoundListener, *, results: bool = True) -> FeedListening:
        """
        Hand sound to a listener until it is closed.

        :param results: whether it also wants to know what is heard
        :raises ValueError: if the microphone cannot be listened to
        """
        listening = FeedListening(self, listener, results)
        with self._changing:
            self._listeners = (*self._listeners, listening)
            try:
                self._update()
            except ValueError:
                self.remove(listening)
                raise
        return listening

    def remove(self, listening: FeedListening) -> None:
        """Stop to serve a listener; does nothing if it is not served."""
        with self._changing:
            self._listeners = tuple(one for one in self._listeners if one is not listening)
            self._update()

    def offer_sound(self, block: SoundBlock) -> None:
        """Hand a block to all listeners."""
        for listening in self._listeners:
            listening.listener.on_sound(block)

    def offer_result(self, result: SoundResult) -> None:
        """Hand a result to the listeners that want results."""
        for listening in self._listeners:
            if listening.results:
                listening.listener.on_result(result)

    def _update(self) -> None:
        listeners = self._listeners
        demand = Demand(bool(listeners), any(one.results for one in listeners))
        if demand != self.demand:
            self.demand = demand
            self._on_demand(demand)


class FeedListening:
    """
    A listener of a feed.

    :ivar listener: receives sound and results
    :ivar results: whether it wants results
    """

    def __init__(self, feed: SoundFeed, listener: SoundListener, results: bool) -> None:
        self._feed = feed
        self.listener = listener
        self.results = results

    def close(self) -> None:
        """Stop; nothing is received or computed for this listener any more."""
        self._feed.remove(self)
