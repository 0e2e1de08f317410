"""The part of the demo that plays a recording to the sound tagger."""

from __future__ import annotations

import statistics
import time

from demo_viewer import NAMESPACE, say
from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.capabilities.sounds.defaults import BACKGROUND, SILENCE, SPEECH
from nn_perception.ros.outputs.qos import PLAYING_QOS, RESULT_QOS
from rclpy.node import Node
from vision_msgs.msg import Classification

SOUND_NAMESPACE = f'{NAMESPACE}/sounds'
# The best tag of a window is printed if it is so certain, and no word if it is one of these.
MIN_SCORE = 0.5
NO_WORDS = (BACKGROUND, SILENCE, SPEECH, '')


class SoundViewer(Node):
    """
    Subscribe to a microphone and the sound tagger, and print each word that is heard.

    :ivar words: labels of the words, in their order
    """

    def __init__(self) -> None:
        super().__init__('viewer', namespace=SOUND_NAMESPACE)
        self.words: list[str] = []
        self._began_s: float | None = None
        self._last = ''
        self._ages_ms: list[float] = []
        # Not to the sound itself, which begins when the tagger listens.
        self.create_subscription(
            DiagnosticArray, 'sound_source/playing', self._on_playing, PLAYING_QOS
        )
        self.create_subscription(Classification, 'sound_tagger/tags', self._on_tags, RESULT_QOS)

    @property
    def sees_the_node(self) -> bool:
        """Whether the publisher of the tags is discovered."""
        return self.count_publishers('sound_tagger/tags') > 0

    @property
    def hears(self) -> bool:
        """Whether the recording has begun."""
        return self._began_s is not None

    @property
    def summary(self) -> str:
        """The number of words, and the time, in one line."""
        if not self._ages_ms:
            return 'no sound was tagged'
        return (
            f'{len(self.words)} words heard; from the end of a window to its tags in '
            f'{statistics.median(self._ages_ms):.0f} ms (median)'
        )

    def _on_playing(self, msg: DiagnosticArray) -> None:
        if self._began_s is None:
            self._began_s = seconds(msg)

    def _on_tags(self, msg: Classification) -> None:
        self._ages_ms.append((time.time() - seconds(msg)) * 1e3)
        best = msg.results[0] if msg.results else None
        label = best.class_id if best is not None and best.score >= MIN_SCORE else ''
        if label != self._last and label not in NO_WORDS and self._began_s is not None:
            self.words.append(label)
            say(f'  {f"{seconds(msg) - self._began_s:.1f} s":<18} {label} {best.score:.2f}')
        self._last = label


def seconds(msg: DiagnosticArray | Classification) -> float:
    """Return the stamp of a message."""
    return float(msg.header.stamp.sec + msg.header.stamp.nanosec * 1e-9)
