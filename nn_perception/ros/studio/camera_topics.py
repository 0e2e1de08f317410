"""The cameras of a ROS graph: topics of images that belong together are one camera."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nn_perception.ros.inputs.silence import COMPRESSED_SUFFIX, TYPE_NAMES

# Topics with these last parts carry drawn results, not a camera's images.
_DRAWN = ('overlay',)
# Depth is no picture, but people look at it too: it comes last.
_DEPTH = ('depth', 'disparity', 'range')
_COMPRESSED_DEPTH = '/compressedDepth'


@dataclass(frozen=True)
class CameraTopic:
    """
    A camera of the graph.

    :ivar name: topic of its raw images; of compressed images that have no raw ones beside them:
        their topic without ``/compressed``
    :ivar raw: whether raw images are published
    :ivar compressed: whether compressed images are published
    """

    name: str
    raw: bool
    compressed: bool

    @property
    def transport(self) -> str:
        """The better transport: a compressed image need not be encoded again."""
        return 'compressed' if self.compressed else 'raw'


def camera_topics(topics: Iterable[tuple[str, Sequence[str]]]) -> list[CameraTopic]:
    """
    Find the cameras among the topics of a graph.

    Raw and compressed images of one camera are one entry. Images with drawn results are left out:
    the page draws the results itself. Depth images come last.

    :param topics: names and types of those that somebody publishes
    :returns: sorted by name
    """
    raw, compressed = set(), set()
    for name, types in topics:
        if TYPE_NAMES['raw'] in types and not _is_drawn(name):
            raw.add(name)
        if TYPE_NAMES['compressed'] in types and not name.endswith(_COMPRESSED_DEPTH):
            image = name.removesuffix(COMPRESSED_SUFFIX)
            if not _is_drawn(image):
                compressed.add(image)
    found = [CameraTopic(name, name in raw, name in compressed) for name in raw | compressed]
    return sorted(found, key=lambda camera: (_is_depth(camera.name), camera.name))


def _is_drawn(topic: str) -> bool:
    return topic.rpartition('/')[2] in _DRAWN


def _is_depth(topic: str) -> bool:
    return any(word in part for part in topic.split('/') for word in _DEPTH)
