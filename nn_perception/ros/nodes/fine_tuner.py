"""The node ``fine_tuner``: records labelled frames, and fine-tunes models on them."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
import math
import sys

from nn_perception.capabilities.tagging.overlay import draw_tags
from nn_perception.core.frame import Frame
from nn_perception.core.results import Tag
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.camera_node import CameraNode
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.fine_tuning.fine_tuner_parameters import FineTuningParameters
from nn_perception.ros.fine_tuning.fine_tuner_services import FineTunerKind, FineTunerServices
from nn_perception.ros.fine_tuning.frame_recorder import Added, FrameRecorder
from nn_perception.ros.fine_tuning.frame_services import FrameServices
from nn_perception.ros.process.main import main
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder
from nn_perception.training.datasets.media.pictures import IMAGES
import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

# An older image does not show what is in front of the camera now.
MAX_AGE_S = 1.0
# How often the store is checked for a new active version.
POLL_PERIOD_S = 0.5


@dataclass(frozen=True)
class FineTunerParameters(FineTuningParameters, CameraParameters):
    """Parameters of the node ``fine_tuner``."""


class FineTunerNode(CameraNode[FineTunerParameters, bool]):
    """Store labelled frames, fine-tune a model on them, and manage its versions."""

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('fine_tuner', FineTunerParameters, shared)
        self._fine_tuning: FineTunerServices[FrameRecorder] = FineTunerServices(
            self,
            FineTunerKind(IMAGES, lambda: self.parameters, self._make_recorder, self._capture),
        )
        self._dataset_services = FrameServices(
            self, self._fine_tuning.access, lambda: self.parameters.max_image_pixels
        )
        self.create_steady_timer(POLL_PERIOD_S, self.poll)

    # Lifecycle.

    def load(self) -> FrameRecorder:
        """Open the dataset, and the network that computes the embeddings of its frames."""
        recorder = self._fine_tuning.load(self.run_options)
        self._worker.finishes = True  # what is being stored
        return recorder

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe, and end the recording: it would not record anything."""
        result = super().on_deactivate(state)
        self._fine_tuning.stop_recording()
        return result

    def unload(self) -> None:
        """Cancel the running job, finish the pending captures, and close dataset and network."""
        self._fine_tuning.unload()

    def destroy_node(self) -> None:
        """Finish what has begun while its responses can still be sent."""
        self._stop()  # the worker uses the recorder, too
        self._fine_tuning.close()
        self._dataset_services.close()
        super().destroy_node()

    # Frames.

    def publish(self, frame: Frame, result: bool) -> None:  # noqa: ARG002
        """Publish the summary of the dataset if the frame was stored, or ended the recording."""
        if result:
            self._fine_tuning.publish_dataset()

    def draw(self, image_bgr: NDArray[np.uint8], result: bool) -> NDArray[np.uint8]:  # noqa: ARG002
        """Write the label that is being recorded on the image."""
        recorder = self._fine_tuning.recorder
        label = recorder.label if recorder else ''
        words = f'recording {label}' if label else 'not recording'
        return draw_tags(image_bgr, [Tag(words, float(bool(label)))])

    def diagnostic_values(self, camera: Camera) -> dict[str, object]:  # noqa: ARG002
        """Count the frames, and name the model and its device."""
        return self._fine_tuning.diagnostic_values()

    def warning(self, camera: Camera) -> str:  # noqa: ARG002
        """Say why a recording ended by itself, or why the active version cannot be read."""
        return self._fine_tuning.take_problem()

    def poll(self) -> None:
        """Publish the active version when another process has changed it."""
        self._fine_tuning.poll()

    def _make_recorder(self, dataset: Dataset, embedder: Embedder) -> FrameRecorder:
        topics = {camera.name: camera.images.topic for camera in self.cameras}
        return FrameRecorder(dataset, embedder, topics)

    def _capture(self, recorder: FrameRecorder, label: str) -> Future[Added]:
        # A latched image is as true as when it was sent.
        latched = all(camera.images.shows_latched_image for camera in self.cameras)
        frame = recorder.latest(math.inf if latched else MAX_AGE_S)
        if frame is None:
            reason = self.cameras[0].images.silence_reason()
            raise ValueError(f'no image in the last {MAX_AGE_S:g} s: {reason}')
        return recorder.capture(frame, label)


if __name__ == '__main__':
    sys.exit(main(lambda: FineTunerNode))
