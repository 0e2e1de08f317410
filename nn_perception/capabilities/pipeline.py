"""The interface of the pipelines of all capabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

# A frame, or a window of sound.
Item = TypeVar('Item', contravariant=True)
Raw = TypeVar('Raw')
R = TypeVar('R')


class Pipeline(Protocol[Item, Raw, R]):
    """
    Turns frames, or windows of sound, into results of type ``R``: inference, and the state of
    streams of frames.

    Nodes, the annotator of bags and the command share it. Every pipeline has ``options``, a frozen
    dataclass that may be replaced at any time.
    """

    @property
    def title(self) -> str:
        """The networks and their versions."""
        ...

    @property
    def device(self) -> str:
        """The engine and the device of the networks, in one line."""
        ...

    def infer(self, frames: Sequence[Item]) -> list[Raw]:
        """
        Run the networks on frames, in one batch where possible; has no state.

        :param frames: at least one
        :raises ValueError: if an image has another shape or type, or no pixels
        :raises RuntimeError: if a network cannot be run
        """
        ...

    def update(self, frame: Item, raw: Raw) -> R:
        """
        Turn the output of :meth:`infer` for a frame into a result; uses the state of its source.

        Call it for the frames of a source in their order.
        """
        ...

    def process(self, frames: Sequence[Item]) -> list[R]:
        """Call :meth:`infer` for the frames, and :meth:`update` for each of them."""
        ...

    def forget(self, source: str) -> None:
        """Forget the state of a source that sends no more frames, or is about to begin anew."""
        ...

    def warm_up(self) -> None:
        """Run each network once: the first run is slow, and no image should wait for it."""
        ...

    def close(self) -> None:
        """Free the memory of the networks."""
        ...
