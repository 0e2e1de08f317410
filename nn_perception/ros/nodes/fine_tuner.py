"""The node ``fine_tuner``: labelled frames from a camera, and models taught with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import sys
import time

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.capabilities.tagging.overlay import draw_tags
from nn_perception.core.files.folders import folder_of
from nn_perception.core.files.names import checked_name
from nn_perception.core.frame import Frame as CameraFrame
from nn_perception.core.results import Tag
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.camera_node import CameraNode, SharedResources
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import parameter
from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.fine_tuning.fine_tune_action import FineTuneAction
from nn_perception.ros.fine_tuning.frame_recorder import Frame, FrameRecorder
from nn_perception.ros.outputs.headers import current_header
from nn_perception.ros.outputs.qos import LATCHED_QOS
from nn_perception.ros.process.main import main
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder
from nn_perception.training.fine_tuning.job import FineTuningJob
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from nn_perception.training.model_store.store import ModelStore
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import DatasetSummary, ModelVersion
from nn_perception_interfaces.srv import ActivateModel, Capture, DeleteFrames, ListModels, Record
import numpy as np

MEGABYTE = 1_000_000
# An older image is not what somebody holds in front of the camera now.
FRESH_S = 1.0
# How often the store is checked for a new active version.
POLL_PERIOD_S = 0.5


@dataclass(frozen=True)
class FineTunerParameters(CameraParameters):
    """Parameters of the node ``fine_tuner``."""

    base: str = parameter(
        DEFAULT_MODEL, 'the network that is taught, as the model of a tagger', read_only=True
    )
    model_name: str = parameter(
        'taught',
        'name of the taught model in the store: a tagger runs it as store:NAME',
        read_only=True,
    )
    dataset: str = parameter('default', 'name of the set of labelled frames', read_only=True)
    data_folder: str = parameter(
        '', 'folder of the data sets; empty: datasets in the data folder', read_only=True
    )
    store_folder: str = parameter(
        '', 'folder of the taught models; empty: models in the data folder', read_only=True
    )
    quota_mb: int = parameter(
        2000,
        'how large the frames may become together; 0 for no limit',
        unit='MB',
        minimum=0,
        maximum=1_000_000,
        read_only=True,
    )


class FineTunerNode(CameraNode[FineTunerParameters, Frame]):
    """Store labelled frames, teach a model with them, and keep its versions."""

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('fine_tuner', FineTunerParameters, shared)
        p = self.parameters
        self._store = ModelStore(folder_of('models', p.store_folder))
        self._recorder: FrameRecorder | None = None
        self._frame: Frame | None = None
        self._problem = ''
        self._active = ''
        self._summaries = self.create_publisher(DatasetSummary, '~/dataset', LATCHED_QOS)
        self._models = self.create_publisher(ModelVersion, '~/active_model', LATCHED_QOS)
        for kind, name, answer in (
            (Capture, 'capture', self._on_capture),
            (Record, 'record', self._on_record),
            (DeleteFrames, 'delete_frames', self._on_delete_frames),
            (ListModels, 'list_models', self._on_list_models),
            (ActivateModel, 'activate_model', self._on_activate_model),
        ):
            self.create_service(kind, f'~/{name}', answer)
        self._teaching = FineTuneAction(self, self._lesson_of, self._tell_active)
        self.create_steady_timer(POLL_PERIOD_S, self.poll)

    # Frames.

    def load(self) -> FineTunerNode:
        """Open the data set, and the network whose embeddings are kept with the frames."""
        p = self.parameters
        checked_name(p.model_name, 'model', spaces=False)
        embedder = Embedder.open(p.base, self.run_options)
        try:
            # The first run of a network is slow; no frame should wait for it.
            embedder.features(np.zeros((8, 8, 3), np.uint8))
            root = folder_of('datasets', p.data_folder)
            dataset = Dataset.open(root, p.dataset, p.quota_mb * MEGABYTE)
        except (ValueError, OSError, RuntimeError):
            embedder.close()
            raise
        self._recorder = FrameRecorder(dataset, embedder)
        self._tell_dataset()
        self._tell_active()
        return self

    def unload(self) -> None:
        """Close both; a lesson that is going on is ended."""
        self._teaching.stop()
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def process(self, frames: Sequence[CameraFrame]) -> list[Frame]:
        """Keep the newest image of the cameras, and store them while somebody records."""
        return [self._keep(frame) for frame in frames]

    def _keep(self, image: CameraFrame) -> Frame:
        stamp = image.header.stamp
        topic = next(camera.images.topic for camera in self.cameras if camera.name == image.source)
        stamp_ns = stamp.sec * 10**9 + stamp.nanosec
        self._frame = frame = Frame(image.image_bgr, stamp_ns, time.monotonic(), topic)
        try:
            if self._open_recorder().offer(frame):
                self._tell_dataset()
        except (ValueError, OSError) as error:
            self._problem = f'recording ended: {error}'
            self.get_logger().error(self._problem)
        return frame

    def draw(self, image_bgr: np.ndarray, result: Frame) -> np.ndarray:  # noqa: ARG002
        """Write onto the picture what is recorded."""
        label = self._recorder.label if self._recorder else ''
        words = f'recording {label}' if label else 'not recording'
        return draw_tags(image_bgr, [Tag(words, float(bool(label)))])

    def diagnostic_values(self, camera: Camera) -> dict[str, object]:  # noqa: ARG002
        """Count the frames, name the model and what runs it."""
        recorder = self._recorder
        counts = recorder.dataset.counts() if recorder else {}
        return {
            'frames': sum(counts.values()),
            'labels': len(counts),
            'recording': '' if recorder is None else recorder.label,
            'teaching': self._teaching.busy,
            'active_version': self._active,
            'model': self.parameters.base,
            'device': 'not loaded' if recorder is None else recorder.device,
        }

    def warning(self, camera: Camera) -> str:  # noqa: ARG002
        """Say why a recording ended by itself."""
        problem, self._problem = self._problem, ''
        return problem

    # Services.

    def _on_capture(
        self, request: Capture.Request, response: Capture.Response
    ) -> Capture.Response:
        try:
            label = checked_name(request.label, 'label')
            response.total = self._open_recorder().add(self._fresh_frame(), label)
            response.success = True
            response.message = f'{label}: {response.total} frames'
        except (ValueError, OSError) as error:
            response.message = str(error)
        self._tell_dataset()
        return response

    def _open_recorder(self) -> FrameRecorder:
        """Give what stores frames; ValueError while the node is not configured."""
        if self._recorder is None:
            raise ValueError('the node is not configured')
        return self._recorder

    def _fresh_frame(self) -> Frame:
        """Give the newest image; ValueError if there is none or it is old."""
        frame = self._frame
        if frame is None or frame.age_s > FRESH_S:
            reason = self.cameras[0].images.silence_reason()
            raise ValueError(f'no image in the last {FRESH_S:g} s: {reason}')
        return frame

    def _on_record(self, request: Record.Request, response: Record.Response) -> Record.Response:
        try:
            recorder = self._open_recorder()
            if request.record:
                recorder.record(request.label, request.rate)
            else:
                recorder.stop()
            response.success = True
            response.message = f'recording {recorder.label}' if recorder.label else 'not recording'
        except ValueError as error:
            response.message = str(error)
        self._tell_dataset()
        return response

    def _on_delete_frames(
        self, request: DeleteFrames.Request, response: DeleteFrames.Response
    ) -> DeleteFrames.Response:
        try:
            dataset = self._open_recorder().dataset
            response.deleted = dataset.delete(request.label, newest_only=request.newest_only)
            response.success, response.message = True, f'{response.deleted} frames are deleted'
        except (ValueError, OSError) as error:
            response.message = str(error)
        self._tell_dataset()
        return response

    def _on_list_models(
        self, _: ListModels.Request, response: ListModels.Response
    ) -> ListModels.Response:
        try:
            versions = self._store.versions(self.parameters.model_name)
            response.models = [messages.model_version(version) for version in versions]
        except (ValueError, OSError) as error:
            self.get_logger().error(f'the versions cannot be listed: {error}')
        return response

    def _on_activate_model(
        self, request: ActivateModel.Request, response: ActivateModel.Response
    ) -> ActivateModel.Response:
        try:
            version = self._store.activate(self.parameters.model_name, request.version)
            response.success, response.message = True, f'{version.version} is active'
            self._tell_active()
        except (ValueError, OSError) as error:
            response.message = str(error)
        return response

    # Lessons.

    def _lesson_of(self, goal: FineTune.Goal) -> FineTuningJob:
        """Read a goal; what is 0 or empty is left to be chosen. ValueError says why not."""
        p = self.parameters
        defaults = FineTuneSettings()
        settings = FineTuneSettings(
            unfreeze=goal.unfreeze or defaults.unfreeze,
            max_epochs=goal.max_epochs,
            learning_rate=goal.learning_rate,
            validation_fraction=goal.validation_fraction or defaults.validation_fraction,
            seed=goal.seed,
        )
        return FineTuningJob(
            dataset=self._open_recorder().dataset.folder,
            store=self._store.root,
            name=p.model_name,
            base=p.base,
            settings=settings,
            activate=goal.activate,
        )

    # What is told.

    def _tell_dataset(self) -> None:
        if self._recorder is None:
            return
        dataset, label = self._recorder.dataset, self._recorder.label
        counts, size, header = dataset.counts(), dataset.size_bytes, current_header(self)
        self._summaries.publish(
            messages.dataset_summary(dataset.name, counts, size, label, header)
        )

    def poll(self) -> None:
        """Publish the active version when another process has changed it."""
        try:
            active = self._store.active_name(self.parameters.model_name) or ''
        except (ValueError, OSError):
            return
        if active != self._active:
            self._tell_active()

    def _tell_active(self) -> None:
        try:
            version = self._store.active(self.parameters.model_name)
        except (ValueError, OSError) as error:
            self._problem = str(error)
            return
        self._active = '' if version is None else version.version
        if version is not None:
            self._models.publish(messages.model_version(version))


if __name__ == '__main__':
    sys.exit(main(lambda: FineTunerNode))
