"""The dataset, the fine-tuning job and the versions of a ``fine_tuner`` on a ROS graph."""

from __future__ import annotations

import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
import uuid

from action_msgs.srv import CancelGoal
from nn_perception.core.files.names import checked_label
from nn_perception.ros.fine_tuning.messages import stamp
from nn_perception.ros.studio.executor_calls import ExecutorCalls
from nn_perception.ros.studio.fine_tuner.follower import FineTunerFollower
from nn_perception.ros.studio.fine_tuner.kind import FINE_TUNER, FineTunerKind
from nn_perception.ros.studio.fine_tuner.local_files import FineTunerFiles
from nn_perception.ros.studio.fine_tuner.texts import checked_id, checked_text, stored_frame
from nn_perception.ros.studio.fine_tuner.zip_import import send_zip
from nn_perception.ros.studio.service_calls import ServiceCalls
from nn_perception.studio.backend.fine_tuning import (
    FineTuningState,
    FramePage,
    ModelVersion,
)
from nn_perception.training.datasets.archive import Archive, MAX_PICTURE_BYTES
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.srv import (
    ActivateModel,
    AddFrame,
    DeleteFrames,
    GetFrame,
    ListFrames,
    ListModels,
    Record,
    RenameLabel,
)
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

REFRESH_PERIOD_S = 1.0
# Those that wait for a disk.
TIMEOUT_S = 10.0
# Of a node that is known not to answer: a page asks for sixty pictures at once.
SHORT_TIMEOUT_S = 2.0
# Of one request.
MAX_FRAMES = 1000
MAX_RATE_HZ = 1000.0
MAX_UINT32 = (1 << 32) - 1
# A recording that this process does not renew any more, because it has died, ends.
RECORDING_TIMEOUT_S = 5.0


class RosFineTuning:
    """
    Implements :class:`nn_perception.studio.backend.fine_tuning.FineTuning`.

    :param node: node that somebody else spins; no method is called in the thread that does
    :param camera_of: returns the id of the camera on a topic; None if there is none
    :param kind: which nodes it is about
    """

    def __init__(
        self,
        node: Node,
        camera_of: Callable[[str], str | None],
        kind: FineTunerKind = FINE_TUNER,
    ) -> None:
        self._kind = kind
        self._node = node
        self._calls = ExecutorCalls(node)
        self._services = ServiceCalls(node, self._calls)
        self._follower = FineTunerFollower(node, self._services, camera_of, kind)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._recording: Record.Request | None = None
        self._timer = node.create_timer(REFRESH_PERIOD_S, self._refresh, clock=steady)
        self._follower.refresh()

    def close(self) -> None:
        """Let go of the graph, and let nobody wait; called in the executor's thread."""
        self._calls.close()
        self._node.destroy_timer(self._timer)
        self._follower.close()
        self._services.close()

    def _refresh(self) -> None:
        """Follow the node, and renew the recording; called in the executor's thread."""
        self._follower.refresh()
        request, node = self._recording, self._follower.name
        # One that has ended by itself, because the disk is full for example, stays ended.
        if request is not None and request.label == self._follower.state.recording:
            self._services.send(Record, f'{node}/record', request, lambda _: None)

    def state(self) -> FineTuningState:
        """Describe the dataset and the job; answers from memory, at once."""
        return replace(self._follower.state, job=self._follower.job.state)

    def use_camera(self, camera: str) -> None:  # noqa: ARG002
        """Refuse: the node subscribes to its camera when it starts."""
        name = self._kind.executable
        raise ValueError(f'the {name} records the topic that it was started with')

    # Frames.

    def record(self, label: str, rate_hz: float) -> None:
        """
        Store the images of the camera under a label.

        :param rate_hz: maximum number of images per second; 0: all
        """
        if not 0.0 <= rate_hz <= MAX_RATE_HZ:
            raise ValueError(f'the rate must be 0 (every image) to {MAX_RATE_HZ:g} Hz')
        request = Record.Request(
            record=True, label=checked_label(label), rate=rate_hz, timeout=RECORDING_TIMEOUT_S
        )
        self.ask(Record, 'record', request)
        self._recording = request

    def stop_recording(self) -> None:
        """End the recording; what it has stored stays."""
        self._recording = None
        self.ask(Record, 'record', Record.Request(record=False))

    def add_frame(
        self,
        picture: bytes,
        label: str,
        stamp_ns: int = 0,
        recording: str = '',  # noqa: ARG002
    ) -> str:
        """Store a picture; :returns: the id of the frame."""
        if len(picture) > MAX_PICTURE_BYTES:
            raise ValueError(f'the picture has more than {MAX_PICTURE_BYTES // 1_000_000} MB')
        image = CompressedImage(data=array.array('B', picture))
        image.header.stamp = stamp(stamp_ns)
        request = AddFrame.Request(image=image, label=checked_label(label))
        return str(self.ask(AddFrame, 'add_frame', request).id)

    def import_zip(self, path: Path, label: str = '') -> str:
        """
        Store the pictures of a zip file; :returns: what was stored and left out, in words.

        :param label: of all pictures; empty: their folders name their labels
        """
        present: set[tuple[str, str]] = set()
        offset, total = 0, 1
        while offset < total:
            page = self.frames('', offset, MAX_FRAMES)
            present.update((frame.label, frame.sha256) for frame in page.frames)
            offset, total = offset + MAX_FRAMES, page.total
        archive = Archive(path, checked_label(label) if label else '', self._kind.medium)
        return send_zip(archive, self.add_frame, present)

    def frames(self, label: str, offset: int, limit: int) -> FramePage:
        """List frames of a label, or of all if it is empty, the newest first."""
        if not (0 <= offset <= MAX_UINT32 and limit >= 0):
            raise ValueError(f'expected an offset and a limit of 0 or more: {offset}, {limit}')
        request = ListFrames.Request(
            label=checked_label(label) if label else '',
            offset=offset,
            limit=min(max(limit, 1), MAX_FRAMES),  # 0 would stand for the maximum
        )
        response = self.ask(ListFrames, 'list_frames', request)
        return FramePage(response.total, tuple(map(stored_frame, response.frames))[:limit])

    def picture(self, frame: str, max_size_px: int = 0) -> bytes:
        """
        Return the picture of a frame.

        :param max_size_px: larger ones are reduced, and are JPEG then; 0: as it is stored
        """
        if not 0 <= max_size_px <= MAX_UINT32:
            raise ValueError(f'the size must be 0 or more pixels, got {max_size_px}')
        request = GetFrame.Request(id=checked_id(frame), max_size=max_size_px)
        return bytes(self.ask(GetFrame, 'get_frame', request).image.data)

    def rename_label(self, label: str, new_label: str) -> int:
        """Rename a label, also in the active version; :returns: number of frames."""
        request = RenameLabel.Request(
            label=checked_label(label), new_label=checked_label(new_label)
        )
        return int(self.ask(RenameLabel, 'rename_label', request).renamed)

    def delete_label(self, label: str) -> int:
        """Delete all frames of a label; :returns: their number."""
        request = DeleteFrames.Request(label=checked_label(label))
        return int(self.ask(DeleteFrames, 'delete_frames', request).deleted)

    def delete_frames(self, frames: Sequence[str]) -> int:
        """Delete frames; :returns: their number."""
        ids, deleted = [checked_id(frame) for frame in frames], 0
        for start in range(0, len(ids), MAX_FRAMES):
            request = DeleteFrames.Request(ids=ids[start : start + MAX_FRAMES])
            deleted += self.ask(DeleteFrames, 'delete_frames', request).deleted
        return deleted

    # The job.

    def start_job(self, settings: FineTuneSettings) -> None:
        """Start to fine-tune on the frames; :meth:`state` shows how it goes."""
        if max(settings.max_epochs, settings.seed) > MAX_UINT32:
            raise ValueError(f'epochs and seed must be at most {MAX_UINT32}')
        goal_id = uuid.uuid4().bytes
        kind = FineTune.Impl.SendGoalService
        goal = FineTune.Goal(
            max_epochs=settings.max_epochs,
            learning_rate=float(settings.learning_rate),
            validation_fraction=float(settings.validation_fraction),
            unfreeze=settings.unfreeze,
            seed=settings.seed,
        )
        request = kind.Request(goal=goal)
        request.goal_id.uuid = list(goal_id)
        if not self._call(kind, 'fine_tune/_action/send_goal', request).accepted:
            raise RuntimeError('a fine-tuning job is running already; wait for it, or cancel it')
        self._calls.call(lambda: self._follower.job.track(goal_id))

    def cancel_job(self) -> None:
        """Cancel the job; nothing of it remains."""
        if not self.state().job.running:
            raise RuntimeError('no fine-tuning job is running')
        # No id and no time stand for all jobs; there is one at most.
        request = CancelGoal.Request()
        response = self._call(CancelGoal, 'fine_tune/_action/cancel_goal', request)
        if not response.goals_canceling:
            raise RuntimeError('the job cannot be cancelled any more: its result is being stored')

    # Versions.

    def versions(self) -> Sequence[ModelVersion]:
        """List the versions, newest first."""
        response = self._call(ListModels, 'list_models', ListModels.Request())
        return [
            ModelVersion(
                version=model.version,
                trained_at_ns=model.trained_at.sec * 10**9 + model.trained_at.nanosec,
                labels=tuple(model.labels),
                accuracy=model.accuracy if 0.0 <= model.accuracy <= 1.0 else None,
                active=model.active,
            )
            for model in response.models
        ]

    def report(self, version: str) -> Mapping[str, Any]:
        """Return the report of the training of a version, see ``docs/fine_tuning.md``."""
        return self._files().version(version).report()

    def checkpoint(self, version: str) -> Path:
        """Return the checkpoint file of a version."""
        return self._files().version(version).checkpoint

    def dataset_folder(self) -> Path:
        """Return the folder of the dataset."""
        return self._files().dataset_path()

    def activate(self, version: str) -> None:
        """Let the taggers run a version."""
        request = ActivateModel.Request(version=checked_text(version, 'version'))
        self.ask(ActivateModel, 'activate_model', request)

    def roll_back(self) -> str:
        """Activate the version that was active before; :returns: its name."""
        before = self._files().previous_version()
        self.activate(before)
        return before

    def _files(self) -> FineTunerFiles:
        files = self._follower.files
        if files is None:
            raise RuntimeError(self.state().reason or f'the {self._kind.executable} is starting')
        return files

    def ask(self, kind: type, name: str, request: Any) -> Any:
        """Call a service whose response says whether it succeeded; ValueError if it did not."""
        response = self._call(kind, name, request)
        if not response.success:
            raise ValueError(response.message)
        return response

    def _call(self, kind: type, name: str, request: Any) -> Any:
        node = self._follower.name
        if not node:
            raise RuntimeError(self.state().reason)
        limit_s = min(SHORT_TIMEOUT_S, TIMEOUT_S) if self.state().reason else TIMEOUT_S
        return self._services.call(kind, f'{node}/{name}', request, limit_s)
