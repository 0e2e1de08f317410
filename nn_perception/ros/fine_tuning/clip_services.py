"""The services with which a user interface adds sounds to a dataset, and listens to them."""

from __future__ import annotations

import array
from concurrent.futures import Future
from pathlib import Path

from nn_perception.core.audio.sound_files import decode_sound, encode_wav
from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.fine_tuning.dataset_services import DatasetAccess, DatasetServices
from nn_perception.ros.fine_tuning.deferred_service import create_deferred_service
from nn_perception.ros.fine_tuning.frame_recorder import Added
from nn_perception.ros.fine_tuning.picture_reader import PictureReader, StoredPicture
from nn_perception.training.datasets.labelled_frames import distinct_label
from nn_perception.training.datasets.media.clips import checked_recording, SOUNDS
from nn_perception_interfaces.srv import AddClip, GetClip
from rclpy.node import Node


class ClipServices(DatasetServices):
    """
    Offers the services of a dataset of clips.

    :param node: has the services
    """

    def __init__(self, node: Node, access: DatasetAccess) -> None:
        super().__init__(node, access)
        self._clips = PictureReader(_read_clip)
        create_deferred_service(node, AddClip, '~/add_clip', self._begin_add, _end_add)
        create_deferred_service(node, GetClip, '~/get_clip', self._begin_get, _end_get)

    def close(self) -> None:
        """Finish the clips that are being read."""
        self._clips.close()

    def _begin_add(self, request: AddClip.Request) -> Future[Added]:
        recorder = self._access.recorder()
        label = distinct_label(request.label, recorder.dataset.counts())
        recording, file = checked_recording(request.recording), bytes(request.file)
        stamp_ns = messages.nanoseconds(request.stamp)
        added = recorder.add(lambda: decode_sound(file), label, stamp_ns, recording=recording)
        return self.publishing(added, recorder)

    def _begin_get(self, request: GetClip.Request) -> Future[StoredPicture]:
        return self._clips.read(self._access.recorder().dataset, request.id, 0)


def _read_clip(path: Path, _: int) -> tuple[bytes, str]:
    return encode_wav(SOUNDS.read(path)), 'wav'


def _end_add(response: AddClip.Response, result: Added) -> None:
    clips, response.total = result
    response.success, response.ids = True, [clip.id for clip in clips]
    response.message = f'{clips[0].label}: {response.total} clips'


def _end_get(response: GetClip.Response, clip: StoredPicture) -> None:
    response.stamp = messages.stamp(clip.frame.stamp_ns)
    response.file = array.array('B', clip.data)
    response.success, response.message = True, clip.frame.id
