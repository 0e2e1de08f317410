"""The cameras of the robot and the files that a browser has sent, in one list."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.studio.backend.cameras import CameraInfo, CameraListener, Cameras, Watch


class JoinedCameras:
    """
    Several lists of cameras as one; the first that has a camera is asked.

    :param parts: the lists
    """

    def __init__(self, *parts: Cameras) -> None:
        self._parts = parts

    def list(self) -> Sequence[CameraInfo]:
        """List the cameras that exist now."""
        return [camera for part in self._parts for camera in part.list()]

    def watch(self, camera: str, capabilities: frozenset[str], listener: CameraListener) -> Watch:
        """
        Receive the images of a camera, and what is found in them.

        :raises ValueError: if there is no such camera
        """
        return self._part(camera).watch(camera, capabilities, listener)

    def silence_reason(self, camera: str) -> str:
        """Say why no image arrives; empty if images arrive or nothing is known."""
        return self._part(camera).silence_reason(camera)

    def _part(self, camera: str) -> Cameras:
        for part in self._parts[1:]:
            if any(one.id == camera for one in part.list()):
                return part
        return self._parts[0]
