"""The node ``fine_tuner``: records labelled frames, and fine-tunes models on them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
import math
import sys

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.capabilities.tagging.overlay import draw_tags
from nn_perception.core.files.folders import folder_of
from nn_perception.core.files.names import checked_name
from nn_perception.core.frame import Frame
from nn_perception.core.results import Tag
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.camera_node import CameraNode
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import Contract, parameter
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.fine_tuning.dataset_services import DatasetAccess, DatasetServices
from nn_perception.ros.fine_tuning.deferred_service import create_deferred_service
from nn_perception.ros.fine_tuning.fine_tune_action import FineTuneAction
from nn_perception.ros.fine_tuning.frame_recorder import Added, FrameRecorder
from nn_perception.ros.fine_tuning.summary_topics import ActiveModelTopic, DatasetTopic
from nn_perception.ros.process.main import main
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder
from nn_perception.training.datasets.labelled_frames import distinct_label
from nn_perception.training.fine_tuning.job import FineTuningJob
from nn_perception.training.model_store.relabel import StoredModel
from nn_perception.training.model_store.store import ModelStore
from nn_perception.training.model_store.version import Version
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.srv import (
    ActivateModel,
    Capture,
    ListModels,
    Record,
)
import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

MEGABYTE = 1_000_000
# An older image does not show what is in front of the camera now.
MAX_AGE_S = 1.0
# How often the store is checked for a new active version.
POLL_PERIOD_S = 0.5


@dataclass(frozen=True)
class FineTunerParameters(CameraParameters):
    """Parameters of the node ``fine_tuner``."""

    base: str = parameter(
        DEFAULT_MODEL,
        Contract(
            'network to fine-tune: a shipped model, a checkpoint file, or the name of a '
            'torchvision classification model',
            read_only=True,
        ),
    )
    model_name: str = parameter(
        'taught',
        Contract(
            'name of the fine-tuned model in the store; a tagger runs it as store:NAME',
            read_only=True,
        ),
    )
    dataset: str = parameter(
        'default', Contract('name of the dataset of labelled frames', read_only=True)
    )
    data_folder: str = parameter(
        '', Contract('folder of the datasets; empty: datasets in the data folder', read_only=True)
    )
    store_folder: str = parameter(
        '', Contract('folder of the model store; empty: models in the data folder', read_only=True)
    )
    quota_mb: int = parameter(
        2000,
        Contract(
            'maximum size of the dataset; 0: no limit',
            unit='MB',
            minimum=0,
            maximum=1_000_000,
            read_only=True,
        ),
    )
    store_limit: int = parameter(
        10,
        Contract(
            'maximum number of versions, of which fine-tuning deletes the oldest; 0: no limit',
            minimum=0,
            maximum=1000,
        ),
    )


class FineTunerNode(CameraNode[FineTunerParameters, bool]):
    """Store labelled frames, fine-tune a model on them, and manage its versions."""

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('fine_tuner', FineTunerParameters, shared)
        p = self.parameters
        self._store = ModelStore(folder_of('models', p.store_folder))
        # Reads and writes the store, since a version is a large file.
        self._store_thread = ThreadPoolExecutor(1, thread_name_prefix='model_store')
        self._recorder: FrameRecorder | None = None
        self._dataset_topic = DatasetTopic(self)
        self._active_model = ActiveModelTopic(self, self._store, p.model_name)
        for kind, name, begin, end in (
            (Capture, '~/capture', self._begin_capture, self._end_capture),
            (Record, '~/record', self._begin_record, self._end_record),
            (ListModels, '~/list_models', self._begin_list, self._end_list),
            (ActivateModel, '~/activate_model', self._begin_activate, self._end_activate),
        ):
            create_deferred_service(self, kind, name, begin, end)
        self._action = FineTuneAction(self, self._job_of, self._on_new_version)
        self._dataset_services = DatasetServices(
            self,
            DatasetAccess(
                recorder=self._open_recorder,
                model=self._stored_model,
                max_pixels=lambda: self.parameters.max_image_pixels,
                job_runs=lambda: self._action.running,
                on_frames=self._dataset_topic.publish,
                on_version=self._active_model.publish,
            ),
        )
        self.create_steady_timer(POLL_PERIOD_S, self.poll)

    # Lifecycle.

    def load(self) -> FrameRecorder:
        """Open the dataset, and the network that computes the embeddings of its frames."""
        p = self.parameters
        checked_name(p.model_name, 'model', spaces=False)
        embedder = Embedder.open(p.base, self.run_options)
        try:
            embedder.warm_up()
            root = folder_of('datasets', p.data_folder)
            dataset = Dataset.open(root, p.dataset, p.quota_mb * MEGABYTE)
        except (ValueError, OSError, RuntimeError):
            embedder.close()
            raise
        topics = {camera.name: camera.images.topic for camera in self.cameras}
        self._recorder = FrameRecorder(dataset, embedder, topics)
        self._worker.finishes = True  # what is being stored
        self._publish_dataset()
        self._active_model.publish()
        return self._recorder

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe, and end the recording: it would not record anything."""
        result = super().on_deactivate(state)
        self._stop_recording()
        return result

    def unload(self) -> None:
        """Cancel the running job, finish the pending captures, and close dataset and network."""
        self._action.stop()
        self._stop_recording()
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def destroy_node(self) -> None:
        """Finish what has begun while its responses can still be sent."""
        self._stop()  # the worker uses the recorder, too
        self._action.close()
        self._stop_recording()
        if self._recorder is not None:
            self._recorder.close()
        self._dataset_services.close()
        self._store_thread.shutdown()
        super().destroy_node()

    def _stop_recording(self) -> None:
        if self._recorder is not None and self._recorder.label:
            self._recorder.stop()
            self._publish_dataset()

    # Frames.

    def publish(self, frame: Frame, result: bool) -> None:  # noqa: ARG002
        """Publish the summary of the dataset if the frame was stored, or ended the recording."""
        if result:
            self._publish_dataset()

    def draw(self, image_bgr: NDArray[np.uint8], result: bool) -> NDArray[np.uint8]:  # noqa: ARG002
        """Write the label that is being recorded on the image."""
        label = self._recorder.label if self._recorder else ''
        words = f'recording {label}' if label else 'not recording'
        return draw_tags(image_bgr, [Tag(words, float(bool(label)))])

    def diagnostic_values(self, camera: Camera) -> dict[str, object]:  # noqa: ARG002
        """Count the frames, and name the model and its device."""
        recorder = self._recorder
        counts = {} if recorder is None else recorder.dataset.counts()
        return {
            'frames': sum(counts.values()),
            'labels': len(counts),
            'recording': '' if recorder is None else recorder.label,
            'fine_tuning': self._action.running,
            'active_version': self._active_model.version,
            'model': self.parameters.base,
            'device': 'not loaded' if recorder is None else recorder.device,
        }

    def warning(self, camera: Camera) -> str:  # noqa: ARG002
        """Say why a recording ended by itself, or why the active version cannot be read."""
        recording = self._recorder.take_problem() if self._recorder else ''
        return recording or self._active_model.take_problem()

    # Services. What takes long is done in other threads, which also call the second function.

    def _begin_capture(self, request: Capture.Request) -> Future[Added]:
        recorder = self._open_recorder()
        label = distinct_label(request.label, recorder.dataset.counts())
        # A latched image is as true as when it was sent.
        latched = all(camera.images.shows_latched_image for camera in self.cameras)
        frame = recorder.latest(math.inf if latched else MAX_AGE_S)
        if frame is None:
            reason = self.cameras[0].images.silence_reason()
            raise ValueError(f'no image in the last {MAX_AGE_S:g} s: {reason}')
        return recorder.capture(frame, label)

    def _end_capture(self, response: Capture.Response, result: Added) -> None:
        (frame,), response.total = result
        response.success, response.message = True, f'{frame.label}: {response.total} frames'
        self._publish_dataset()

    def _begin_record(self, request: Record.Request) -> Future[str]:
        recorder = self._open_recorder()
        if not request.record:
            return recorder.stop()
        return recorder.record(request.label, request.rate, request.timeout)

    def _end_record(self, response: Record.Response, label: str) -> None:
        response.success = True
        response.message = f'recording {label}' if label else 'not recording'
        self._publish_dataset()

    def _begin_list(self, _: ListModels.Request) -> Future[list[Version]]:
        return self._store_thread.submit(self._store.versions, self.parameters.model_name)

    def _end_list(self, response: ListModels.Response, versions: list[Version]) -> None:
        response.models = [messages.model_version(version) for version in versions]

    def _begin_activate(self, request: ActivateModel.Request) -> Future[Version]:
        name = self.parameters.model_name
        return self._store_thread.submit(self._store.activate, name, request.version)

    def _end_activate(self, response: ActivateModel.Response, version: Version) -> None:
        response.success, response.message = True, f'{version.version} is active'
        self._active_model.publish()

    def _open_recorder(self) -> FrameRecorder:
        """Return the recorder; ValueError while the node is not configured."""
        if self._recorder is None:
            raise ValueError('the node is not configured')
        return self._recorder

    # Fine-tuning.

    def _job_of(self, goal: FineTune.Goal) -> FineTuningJob:
        return FineTuningJob(
            dataset=self._open_recorder().dataset.folder,
            store=self._store.root,
            name=self.parameters.model_name,
            base=self.parameters.base,
            settings=messages.fine_tune_settings(goal),
            activate=goal.activate,
            store_limit=self.parameters.store_limit,
        )

    def _stored_model(self) -> StoredModel:
        p = self.parameters
        return StoredModel(self._store, p.model_name, p.store_limit)

    def _on_new_version(self) -> None:
        self._store_thread.submit(self._active_model.publish)

    def poll(self) -> None:
        """Publish the active version when another process has changed it."""
        if self._active_model.changed:
            self._store_thread.submit(self._active_model.publish)

    def _publish_dataset(self) -> None:
        recorder = self._recorder
        if recorder is not None:
            self._dataset_topic.publish(recorder)


if __name__ == '__main__':
    sys.exit(main(lambda: FineTunerNode))
