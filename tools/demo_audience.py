"""What is shown in the demo, and who listens to it."""

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
class Show:
    """
    Pictures that a camera plays to one node.

    :param executable: the node, which is also called so
    :param topic: its results, below its name
    :param kind: message type of its results
    :param in_words: writes a result in one line
    :param done: what the node did with a picture, for the summary
    :param source: folder, video or webcam; empty: the sample photographs
    :param folder: where the annotated pictures go
    :param parameters: of the node
    :param rate: pictures a second; None: as the command line says
    :param told_every: of so many pictures only one is saved, and a line is printed when it
        differs from the one before
    :param may_drop: share of the pictures that need not come back: of a clip at full rate a node
        leaves some out when the machine is busy
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
    told_every: int = 1
    may_drop: float = 0.0

    @property
    def namespace(self) -> str:
        """Where the node and its camera are."""
        return f'{NAMESPACE}/{self.topic}'


class Audience(Node):
    """Listen to a camera and its node, and pair what belongs to one image."""

    def __init__(self, show: Show) -> None:
        super().__init__('audience', namespace=show.namespace)
        self._show = show
        self._topics = [f'{show.executable}/{name}' for name in (show.topic, 'overlay')]
        self._names: dict[tuple[int, int], str] = {}
        self._results: dict[tuple[int, int], Any] = {}
        self._pictures: dict[tuple[int, int], Image] = {}
        self.shown = 0
        self.answered = 0
        self.drawn = 0
        self._told = ''
        self.ages_ms: list[float] = []
        self.create_subscription(
            DiagnosticArray, 'camera_source/playing', self._on_playing, PLAYING_QOS
        )
        self.create_subscription(show.kind, self._topics[0], self._on_result, 10)
        self.create_subscription(Image, self._topics[1], self._on_overlay, 10)

    @property
    def complete(self) -> bool:
        """Whether the pictures that were shown came back with a result, and drawn."""
        least = (1.0 - self._show.may_drop) * self.shown
        return 0 < self.answered == self.drawn >= least

    @property
    def hears_the_node(self) -> bool:
        """Whether the node's results and overlays are found."""
        return all(self.count_publishers(topic) for topic in self._topics)

    @property
    def summary(self) -> str:
        """What came back, in one line."""
        if not self.complete:
            return (
                f'{self.answered} of {self.shown} pictures came back {self._show.done}, '
                f'{self.drawn} annotated'
            )
        count = f'{self.answered}' + f' of {self.shown}' * (self.answered < self.shown)
        return (
            f'{count} pictures {self._show.done}; from camera to result in '
            f'{statistics.median(self.ages_ms):.0f} ms (median). '
            f'Annotated: {self._show.folder.resolve()}'
        )

    def _on_playing(self, msg: DiagnosticArray) -> None:
        self.shown += 1
        self._names[key(msg.header)] = msg.status[0].message
        self._pair(key(msg.header))

    def _on_result(self, msg: Any) -> None:
        stamp = msg.header.stamp.sec + msg.header.stamp.nanosec * 1e-9
        self.ages_ms.append((time.time() - stamp) * 1e3)
        self._results[key(msg.header)] = msg
        self._pair(key(msg.header))

    def _on_overlay(self, msg: Image) -> None:
        self._pictures[key(msg.header)] = msg
        self._pair(key(msg.header))

    def _pair(self, stamp: tuple[int, int]) -> None:
        name = self._names.get(stamp)
        if name is None:
            return
        if stamp in self._results:
            self._tell(name, self._show.in_words(self._results.pop(stamp)))
            self.answered += 1
        if stamp in self._pictures:
            picture = self._pictures.pop(stamp)
            if self.drawn % self._show.told_every == 0:
                cv2.imwrite(str(self._show.folder / file_name(name)), to_bgr(picture))
            self.drawn += 1

    def _tell(self, name: str, words: str) -> None:
        if self._show.told_every == 1 or words != self._told:
            say(f'  {name:<18} {words}')
        self._told = words


def tags_in_words(msg: Classification) -> str:
    """Write the best tags and their scores."""
    tags = ', '.join(f'{tag.class_id} {tag.score:.2f}' for tag in msg.results[:3])
    return tags or 'nothing that it knows'


def digits_in_words(msg: Detection2DArray) -> str:
    """Write the digits; a line ends where the next one lies further left, or quite below."""
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
    """Write who is seen."""
    return ', '.join(pose.id for pose in msg.poses) or 'nobody'


def key(header: Header) -> tuple[int, int]:
    """Name an image by its stamp."""
    return header.stamp.sec, header.stamp.nanosec


def file_name(name: str) -> str:
    """Name the picture of a frame; those of a video or webcam have a number and no suffix."""
    suffix = '' if Path(name).suffix.lower() in PHOTO_SUFFIXES else '.jpg'
    return re.sub(r'[^\w.-]', '_', name) + suffix


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)
