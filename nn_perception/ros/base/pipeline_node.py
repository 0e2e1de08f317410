"""The base of the camera nodes that run the pipeline of a capability."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeVar

from nn_perception.capabilities.pipeline import Pipeline
from nn_perception.core.frame import Frame
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.camera_node import CameraNode, P, R
from nn_perception.ros.base.shared_resources import SharedResources

L = TypeVar('L', bound=Pipeline[Any, Any, Any])


class PipelineNode(CameraNode[P, R], Generic[P, R, L]):
    """
    A camera node that runs a pipeline of type ``L`` and publishes its results of type ``R``.

    :ivar pipeline: the pipeline; None while none is loaded

    :param name: default name of the node
    :param kind: dataclass of its parameters
    :param shared: what it shares with other nodes of its process; None if there are none
    :raises ParameterError: if a value from a parameter file or the command line is rejected
    """

    def __init__(self, name: str, kind: type[P], shared: SharedResources | None = None) -> None:
        super().__init__(name, kind, shared)
        self.pipeline: L | None = None

    @abstractmethod
    def open_pipeline(self) -> L:
        """
        Open the pipeline that the parameters describe.

        :raises ValueError: if a parameter or a file is not usable
        :raises OSError: if a file cannot be read
        :raises RuntimeError: if a network cannot be loaded
        """

    @abstractmethod
    def requested_model(self) -> str:
        """Name the model or preset that the parameters ask for."""

    @abstractmethod
    def publish(self, frame: Frame, result: R) -> None:
        """Publish a result under the header of its image; called in the worker thread."""

    def load(self) -> L:
        """Open the pipeline and run it once."""
        pipeline = self.open_pipeline()
        # The first run of a network is slow; no image should wait for it.
        pipeline.warm_up()
        self.pipeline = pipeline
        return pipeline

    def unload(self) -> None:
        """Close the pipeline."""
        if self.pipeline is not None:
            self.pipeline.close()
            self.pipeline = None

    def diagnostic_values(self, camera: Camera) -> dict[str, object]:  # noqa: ARG002
        """Name the networks and their device."""
        if self.pipeline is None:
            return {'model': self.requested_model(), 'device': 'not loaded'}
        return {'model': self.pipeline.title, 'device': self.pipeline.device}
