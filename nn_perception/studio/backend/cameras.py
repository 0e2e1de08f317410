"""The cameras of the robot, as the page sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class CameraInfo:
    """
    A camera that can be watched.

    :param id: identifies it, for example its topic
    :param title: for people
    :param kind: ``topic``, ``webcam``, ``samples``, ``video`` or ``bag``
    """

    id: str
    title: str
    kind: str


@dataclass(frozen=True)
class CameraImage:
    """
    An image of a camera, encoded once for all who watch it.

    :param stamp_ns: time of capture in nanoseconds; identifies the image within its camera
    :param jpeg: the encoded image
    :param width: in pixels
    :param height: in pixels
    :param received_ns: time of receipt in nanoseconds
    """

    stamp_ns: int
    jpeg: bytes
    width: int
    height: int
    received_ns: int


@dataclass(frozen=True)
class CameraResult:
    """
    What a network found in an image of a camera.

    :param capability: one of :data:`~nn_perception.studio.backend.capabilities.CAPABILITIES`
    :param stamp_ns: of the image
    :param values: the fields of the ``--json`` output of the command, without the file:
        ``{'tags': [...]}``, ``{'digits': [...], 'lines': [...]}`` or ``{'people': [...]}``;
        people also have their ``id``
    :param inference_ms: time that the network took; None if unknown
    """

    capability: str
    stamp_ns: int
    values: Mapping[str, Any]
    inference_ms: float | None = None


class CameraListener(Protocol):
    """Whoever watches a camera; called in any thread, and returns at once."""

    def on_image(self, image: CameraImage) -> None:
        """Receive an image."""

    def on_result(self, result: CameraResult) -> None:
        """Receive a result; its image may have come long before, or come later."""


class Watch(Protocol):
    """A camera that is being watched."""

    def set_capabilities(self, capabilities: frozenset[str]) -> None:
        """Choose the results that are wanted."""

    def close(self) -> None:
        """Stop; nothing is received, encoded or computed for this listener any more."""


class Cameras(Protocol):
    """The cameras of the robot."""

    def list(self) -> Sequence[CameraInfo]:
        """List the cameras that exist now."""

    def watch(self, camera: str, capabilities: frozenset[str], listener: CameraListener) -> Watch:
        """
        Receive the images of a camera, and what is found in them.

        However many watch a camera, its images are received, decoded and encoded once.

        :raises ValueError: if there is no such camera
        """

    def silence_reason(self, camera: str) -> str:
        """Say why no image arrives; empty if images arrive or nothing is known."""
