"""Record the images of a camera into a dataset."""

from __future__ import annotations

from collections.abc import Sequence
import threading

from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.studio.backend.cameras import (
    CameraImage,
    CameraInfo,
    CameraResult,
    Cameras,
    Watch,
)
from nn_perception.studio.local.pictures import reduced
from nn_perception.studio.viewer.newest_worker import NewestWorker
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.recording.frame_recorder import FrameRecorder


class CameraRecording:
    """
    A camera that is watched while its images are recorded.

    :param cameras: the cameras
    :param recorder: stores the images
    """

    def __init__(self, cameras: Cameras, recorder: FrameRecorder) -> None:
        self._cameras = cameras
        self._recorder = recorder
        self._changing = threading.Lock()
        self._camera = ''
        self._watch: Watch | None = None
        self._worker = NewestWorker(self._store, 'recording')

    def start(self, camera: str, label: str, rate_hz: float) -> None:
        """
        Store the images of a camera, until :meth:`stop` or until they cannot be stored.

        :raises ValueError: if there is no such camera, or label or rate are not allowed
        """
        with self._changing:
            if self._watch is None or camera != self._camera:
                self._close()
                self._watch = self._cameras.watch(camera, frozenset(), self)
                self._camera = camera
            try:
                self._recorder.record(label, rate_hz).result()
            except ValueError:
                self._close()
                raise

    def stop(self) -> None:
        """End the recording; what it has stored stays."""
        with self._changing:
            self._recorder.stop().result()
            self._close()

    def close(self) -> None:
        """Watch the camera no longer."""
        with self._changing:
            self._close()

    def on_image(self, image: CameraImage) -> None:
        """Receive an image."""
        if self._recorder.label:
            self._worker.offer(image)

    def on_result(self, result: CameraResult) -> None:
        """Receive a result, of which none are wanted."""

    def _store(self, image: CameraImage) -> None:
        self._recorder.receive(
            lambda: decode_image(image.jpeg, upright=False), image.stamp_ns, self._camera
        )

    def _close(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()
        # What is being stored may wait for a thread that holds the lock.
        self._worker.stop(timeout_s=0.0)


class RecordedCameras:
    """
    Cameras as :class:`~nn_perception.studio.local.recorded_sources.RecordedSources`.

    :param cameras: the cameras
    """

    medium = IMAGES
    called = 'camera'

    def __init__(self, cameras: Cameras) -> None:
        self._cameras = cameras

    def list(self) -> Sequence[CameraInfo]:
        """List the cameras that exist now."""
        return self._cameras.list()

    def recording(self, recorder: FrameRecorder) -> CameraRecording:
        """Return what records them."""
        return CameraRecording(self._cameras, recorder)

    def decode(self, file: bytes) -> Image:
        """
        Decode a picture.

        :raises ValueError: if it cannot be decoded
        """
        try:
            return decode_image(file, upright=True)
        except ValueError as error:
            raise ValueError(f'the picture {error}') from error

    def preview(self, content: bytes, max_size_px: int) -> bytes:
        """Reduce a picture."""
        return reduced(content, max_size_px)
