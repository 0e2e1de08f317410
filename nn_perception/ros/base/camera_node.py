"""
The base of the nodes that turn camera images into results.

The subscription's callback only puts the newest message into a slot. A worker thread takes it out,
decodes it, runs the network and publishes, so services and parameters respond at once while a
network runs, and no result is older than two rounds of the worker. docs/camera_nodes.md explains
the decisions behind it.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any, Generic, TypeVar

from nn_perception.core.frame import Frame
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.frame_processor import FrameProcessor
from nn_perception.ros.base.frame_worker import FrameWorker
from nn_perception.ros.base.parameters import LiveParameters
from nn_perception.ros.base.sensing_node import SensingNode
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.diagnostics.status import Status
from nn_perception.ros.inputs.shared_image_subscription import SharedImageSubscriptions
import numpy as np
from numpy.typing import NDArray

P = TypeVar('P', bound=CameraParameters)
R = TypeVar('R')


class CameraNode(SensingNode[P, FrameProcessor[R]], Generic[P, R]):
    """
    Lifecycle, images in, results out, for one capability with results of type ``R``.

    :ivar cameras: the cameras that the node subscribes to
    :ivar image_subscriptions: image subscriptions of the process

    :param name: default name of the node
    :param kind: dataclass of its parameters
    :param shared: what it shares with other nodes of its process; None if there are none
    :raises ParameterError: if a value from a parameter file or the command line is rejected
    """

    receives = 'images'
    _worker: FrameWorker[R]

    def __init__(self, name: str, kind: type[P], shared: SharedResources | None = None) -> None:
        super().__init__(name, kind, shared)
        self.image_subscriptions = self._shared.image_subscriptions or SharedImageSubscriptions()
        self.cameras = [
            Camera(camera, self, self.image_subscriptions, self.parameters, self._worker.slots)
            for camera in self.parameters.cameras
        ]
        for camera in self.cameras:
            self.add_input(camera.images)

    @property
    def run_options(self) -> RunOptions:
        """How the parameters want the networks to run."""
        return replace(super().run_options, parallel_batches=len(self.cameras))

    def make_worker(self, parameters: LiveParameters[Any]) -> FrameWorker[R]:
        """Make what processes the images."""
        return FrameWorker(self, self, parameters)

    # Hooks of a capability.

    def publish(self, frame: Frame, result: R) -> None:
        """
        Publish a result under the header of its image; called in the worker thread.

        The default publishes nothing.
        """

    @abstractmethod
    def draw(self, image_bgr: NDArray[np.uint8], result: R) -> NDArray[np.uint8]:
        """Draw a result on a copy of its image; only called while the overlay has subscribers."""

    @abstractmethod
    def diagnostic_values(self, camera: Camera) -> dict[str, object]:
        """Describe the network, and a camera's results, for the diagnostics."""

    def warning(self, camera: Camera) -> str:  # noqa: ARG002
        """Say what was wrong with a camera's results since the last call; empty if nothing was."""
        return ''

    # Diagnostics.

    def publish_diagnostics(self, blocking_reason: Status | None) -> None:
        """Publish the state of each camera."""
        for camera in self.cameras:
            status = camera.assess(blocking_reason, self.warning(camera))
            status = status.with_values(self.diagnostic_values(camera))
            self.publish_status(camera.input('images'), camera.images.topic, status)
