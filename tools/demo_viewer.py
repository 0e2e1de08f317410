"""A part of the demo: what a camera plays to a node, and the viewer of the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
import re
import statistics
import time
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.ros.inputs.image_decoding import to_bgr
from nn_perception.ros.nodes.camera_source import PLAYING_QOS
from nn_perception.sources.photographs import PHOTO_SUFFIXES
from nn_perception_interfaces.msg import HumanPoseArray
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification, Detection2DArray

NAMESPACE = 'demo'


@dataclass(frozen=True)
class DemoPart:
    """
    Pictures that a camera plays to one node.

    :param executable: of the node, and the node's name
    :param topic: of its results, below its name
    :param kind: message type of its results
    :param in_words: writes a result in one line
    :param done: what the node did with a picture, for the summary
    :param source: folder, video or webcam; empty: the sample photographs
    :param folder: for the annotated pictures
    :param parameters: of the node
    :param rate: pictures per second; None: the rate of the command line
    :param every: save one of so many pictures, and print a result only when it differs from the
        one before; 1: save and print all
    :param may_drop: share of the pictures that may have no result: a node drops frames of a clip
        at full rate when the machine is busy
    """

    executable: str
    topic: str
    kind: type
    in_words: Callable[[Any], str]
    done: str
    source: str
    folder: Path
    parameters: Mapping[str, object] = field(default_factory=dict)
    rate: float | None = None
    every: int = 1
    may_drop: float = 0.0

    @property
    def namespace(self) -> str:
        """Namespace of the node and its camera."""
        return f'{NAMESPACE}/{self.topic}'


class DemoViewer(Node):
    """
    Subscribe to a camera and its node, and match the messages of each image by their stamps.

    :ivar published: number of pictures that the camera has published
    :ivar answered: number of pictures that have a result
    :ivar annotated: number of pictures that have an overlay
    """

    def __init__(self, part: DemoPart) -> None:
        super().__init__('viewer', namespace=part.namespace)
        self._part = part
        self._topics = [f'{part.executable}/{name}' for name in (part.topic, 'overlay')]
        self._names: dict[tuple[int, int], str] = {}
        self._results: dict[tuple[int, int], Any] = {}
        self._overlays: dict[tuple[int, int], Image] = {}
        self.published = 0
        self.answered = 0
        self.annotated = 0
        self._printed = ''
        self._ages_ms: list[float] = []
        self.create_subscription(
            DiagnosticArray, 'camera_source/playing', self._on_playing, PLAYING_QOS
        )
        self.create_subscription(part.kind, self._topics[0], self._on_result, 10)
        self.create_subscription(Image, self._topics[1], self._on_overlay, 10)

    @property
    def complete(self) -> bool:
        """Whether enough of the pictures have a result, and each of these an overlay."""
        least = (1.0 - self._part.may_drop) * self.published
        return 0 < self.answered == self.annotated >= least

    @property
    def sees_the_node(self) -> bool:
        """Whether the publishers of the results and overlays are discovered."""
        return all(self.count_publishers(topic) for topic in self._topics)

    @property
    def summary(self) -> str:
        """The numbers of pictures and the time, in one line."""
        if not self.complete:
            return (
                f'{self.answered} of {self.published} pictures {self._part.done}, '
                f'{self.annotated} annotated'
            )
        count = f'{self.answered}' + f' of {self.published}' * (self.answered < self.published)
        return (
            f'{count} pictures {self._part.done}; from camera to result in '
            f'{statistics.median(self._ages_ms):.0f} ms (median). '
            f'Annotated pictures: {self._part.folder.resolve()}'
        )

    def _on_playing(self, msg: DiagnosticArray) -> None:
        self.published += 1
        self._names[key(msg.header)] = msg.status[0].message
        self._match(key(msg.header))

    def _on_result(self, msg: Any) -> None:
        stamp = msg.header.stamp.sec + msg.header.stamp.nanosec * 1e-9
        self._ages_ms.append((time.time() - stamp) * 1e3)
        self._results[key(msg.header)] = msg
        self._match(key(msg.header))

    def _on_overlay(self, msg: Image) -> None:
        self._overlays[key(msg.header)] = msg
        self._match(key(msg.header))

    def _match(self, stamp: tuple[int, int]) -> None:
        name = self._names.get(stamp)
        if name is None:
            return
        if stamp in self._results:
            self._print(name, self._part.in_words(self._results.pop(stamp)))
            self.answered += 1
        if stamp in self._overlays:
            overlay = self._overlays.pop(stamp)
            if self.annotated % self._part.every == 0:
                cv2.imwrite(str(self._part.folder / file_name(name)), to_bgr(overlay))
            self.annotated += 1

    def _print(self, name: str, words: str) -> None:
        if self._part.every == 1 or words != self._printed:
            say(f'  {name:<18} {words}')
        self._printed = words


def tags_in_words(msg: Classification) -> str:
    """Write the best tags and their scores."""
    tags = ', '.join(f'{tag.class_id} {tag.score:.2f}' for tag in msg.results[:3])
    return tags or 'no tags'


def digits_in_words(msg: Detection2DArray) -> str:
    """Write the digits; a new line starts where a digit lies further left, or well below."""
    text, before = '', None
    for detection in msg.detections:
        box = detection.bbox
        here = box.center.position
        if before is not None and (
            here.x <= before.center.position.x
            or here.y - box.size_y / 2 > before.center.position.y + before.size_y / 2
        ):
            text += ' / '
        text += detection.results[0].hypothesis.class_id
        before = box
    return text or 'no digits'


def people_in_words(msg: HumanPoseArray) -> str:
    """Write the ids of the people."""
    return ', '.join(pose.id for pose in msg.poses) or 'nobody'


def key(header: Header) -> tuple[int, int]:
    """Return the stamp of an image, which identifies it."""
    return header.stamp.sec, header.stamp.nanosec


def file_name(name: str) -> str:
    """Return the file name for a frame; those of videos and webcams have no suffix yet."""
    suffix = '' if Path(name).suffix.lower() in PHOTO_SUFFIXES else '.jpg'
    return re.sub(r'[^\w.-]', '_', name) + suffix


def say(text: str) -> None:
    """Print a line at once, also to a pipe."""
    print(text, flush=True)
