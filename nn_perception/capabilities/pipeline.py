"""What the pipelines of all capabilities have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from nn_perception.core.frame import Frame

Raw = TypeVar('Raw')
R = TypeVar('R')


class Pipeline(Protocol[Raw, R]):
    """
    From frames to results of type ``R``: a network, and what a stream of frames needs beside it.

    Nodes, the bag annotator and the command share it. A pipeline has ``options``, a frozen
    dataclass that may be replaced at any time.
    """

    @property
    def title(self) -> str:
        """The networks, and which training their weights come from."""
        ...

    @property
    def device(self) -> str:
        """What runs the networks where, in one line."""
        ...

    def infer(self, frames: Sequence[Frame]) -> list[Raw]:
        """
        Run the networks on frames, in one batch where they allow it; keeps no state.

        :param frames: at least one
        :raises ValueError: if an image cannot be used
        :raises RuntimeError: if a network cannot be run
        """
        ...

    def update(self, frame: Frame, raw: Raw) -> R:
        """
        Turn what :meth:`infer` gave for a frame into a result, with the history of its source.

        Called for the frames of a source in their order.
        """
        ...

    def process(self, frames: Sequence[Frame]) -> list[R]:
        """Run :meth:`infer` on frames, and :meth:`update` on each of them."""
        ...

    def warm_up(self) -> None:
        """Run each network once: the first run is slow, and no image should wait for it."""
        ...

    def close(self) -> None:
        """Free the networks' memory."""
        ...
