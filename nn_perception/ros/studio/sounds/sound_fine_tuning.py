"""The dataset, the fine-tuning job and the versions of a ``sound_fine_tuner`` on a ROS graph."""

from __future__ import annotations

import array

from nn_perception.core.files.names import checked_label
from nn_perception.ros.fine_tuning.messages import stamp
from nn_perception.ros.studio.fine_tuner.kind import FineTunerKind
from nn_perception.ros.studio.fine_tuner.texts import checked_id
from nn_perception.ros.studio.fine_tuning import RosFineTuning
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception_interfaces.srv import AddClip, GetClip
from rclpy.node import Node

SOUND_FINE_TUNER = FineTunerKind(
    'sound_fine_tuner', 'add_clip', 'nn_perception_interfaces/srv/AddClip', SOUNDS
)
# Of a sound that is sent in one message.
MAX_SOUND_BYTES = 20_000_000


class RosSoundFineTuning(RosFineTuning):
    """
    Implements :class:`nn_perception.studio.backend.fine_tuning.FineTuning` for clips of sound.

    :param node: node that somebody else spins; no method is called in the thread that does
    """

    def __init__(self, node: Node) -> None:
        super().__init__(node, lambda topic: topic, SOUND_FINE_TUNER)

    def add_frame(self, picture: bytes, label: str, stamp_ns: int = 0, recording: str = '') -> str:
        """Store a sound; :returns: the id of the first clip."""
        if len(picture) > MAX_SOUND_BYTES:
            raise ValueError(f'the sound has more than {MAX_SOUND_BYTES // 1_000_000} MB')
        request = AddClip.Request(
            file=array.array('B', picture),
            label=checked_label(label),
            recording=recording,
            stamp=stamp(stamp_ns),
        )
        return str(self.ask(AddClip, 'add_clip', request).ids[0])

    def picture(self, frame: str, max_size_px: int = 0) -> bytes:  # noqa: ARG002
        """Return the WAV file of a clip."""
        request = GetClip.Request(id=checked_id(frame))
        return bytes(self.ask(GetClip, 'get_clip', request).file)
