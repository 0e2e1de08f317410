"""What the active version sees in a picture, and the stored frames that look like it."""

from __future__ import annotations

from collections.abc import Mapping
import logging
import threading
import time
from typing import Any

from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.studio.backend.backend import Backend
from nn_perception.studio.backend.cameras import CameraImage
from nn_perception.studio.backend.fine_tuning import FineTuning, FineTuningState
from nn_perception.studio.teach.camera_view import CameraView
from nn_perception.training.datasets.neighbours import NEAREST, NearestFrames

LOG = logging.getLogger(__name__)

TAGS = 12
# Frames are listed anew at most so often while they change.
LIST_PERIOD_S = 2.0
FRAMES_PER_CALL = 1000
# The networks are given back when nobody has looked for so long.
IDLE_S = 20.0
# Embeddings that a look computes; the next looks compute the rest.
MAX_COMPUTED = 8


class Look:
    """
    Say what the active version sees, and why; threads may share it.

    The networks are loaded when somebody looks, and are in memory no longer than that.

    :param backend: the robot
    """

    def __init__(self, backend: Backend) -> None:
        self._fine_tuning: FineTuning = backend.fine_tuning
        self._view = CameraView(backend.cameras)
        # One look at a time: the networks share the processor anyway.
        self._lock = threading.Lock()
        self._tagger: Tagger | None = None
        self._tagger_version = ''
        self._near: NearestFrames | None = None
        self._near_base = ''
        self._frames: dict[str, tuple[str, str]] = {}
        self._listed: tuple[float, Mapping[str, int]] = (0.0, {})
        self._looked_s = 0.0
        self._waiting = False

    def next_image(self, after_ns: int) -> CameraImage | str:
        """Wait for an image of the camera; :returns: why there is none, if none comes."""
        camera = self._fine_tuning.state().camera
        if not camera:
            return 'There is no camera.'
        return self._view.next_image(camera, after_ns)

    def look(self, picture: bytes) -> dict[str, Any]:
        """
        Say what the active version sees.

        :param picture: an encoded picture; empty: the newest image of the robot's camera
        :returns: ``tags`` with label and score, best first; ``nearest`` frames with id, label,
            hash and similarity; and ``message``, what keeps it from that
        """
        picture = picture or self._view.newest()
        if not picture:
            return {'tags': [], 'nearest': [], 'message': ''}
        try:
            image = decode_image(picture, upright=True)
        except ValueError as error:
            raise ValueError(f'the picture {error}') from error
        with self._lock:
            self._looked_s = time.monotonic()
            if not self._waiting:
                self._waiting = True
                threading.Thread(target=self._forget_when_idle, name='look', daemon=True).start()
            state = self._fine_tuning.state()
            tags, message = self._tags(image, state)
            nearest = self._nearest(image, state)
        return {'tags': tags, 'nearest': nearest, 'message': message}

    def _tags(self, image: Image, state: FineTuningState) -> tuple[list[dict[str, Any]], str]:
        if not state.active_version:
            self._forget_tagger()
            return [], 'No version is active yet: add frames, and train.'
        try:
            if self._tagger is None or self._tagger_version != state.active_version:
                self._forget_tagger()
                path = self._fine_tuning.checkpoint(state.active_version)
                self._tagger = Tagger.open(str(path))
                self._tagger_version = state.active_version
            tags = self._tagger.tag(image, top_k=TAGS)
        except (ValueError, OSError, RuntimeError) as error:
            LOG.debug('%s', error)
            return [], f'The active version cannot be run here: {error}.'
        return [{'label': tag.label, 'score': round(tag.score, 4)} for tag in tags], ''

    def _nearest(self, image: Image, state: FineTuningState) -> list[dict[str, Any]]:
        if not state.base or not state.counts:
            return []
        try:
            if self._near is None or self._near_base != state.base:
                if self._near is not None:
                    self._near.close()
                self._near = NearestFrames.open(state.base)
                self._near_base = state.base
            self._list(state)
            ids = {frame: sha256 for frame, (_, sha256) in self._frames.items()}
            self._near.update(ids, self._read, MAX_COMPUTED)
            near = self._near.nearest(image, NEAREST)
        except (ValueError, OSError, RuntimeError) as error:
            LOG.debug('%s', error)
            return []
        return [
            {
                'id': one.id,
                'label': self._frames[one.id][0],
                'hash': self._frames[one.id][1],
                'similarity': round(one.similarity, 3),
            }
            for one in near
        ]

    def _list(self, state: FineTuningState) -> None:
        """List the frames if they have changed, and not too often."""
        listed_s, counts = self._listed
        now_s = time.monotonic()
        if counts == state.counts or now_s - listed_s < LIST_PERIOD_S:
            return
        frames: dict[str, tuple[str, str]] = {}
        while True:
            page = self._fine_tuning.frames('', len(frames), FRAMES_PER_CALL)
            before = len(frames)
            frames.update({one.id: (one.label, one.sha256) for one in page.frames})
            if len(frames) in (before, page.total):
                break
        self._frames, self._listed = frames, (now_s, dict(state.counts))

    def _read(self, frame: str) -> Image:
        return decode_image(self._fine_tuning.picture(frame), upright=False)

    def _forget_when_idle(self) -> None:
        while True:
            time.sleep(IDLE_S / 4)
            with self._lock:
                if time.monotonic() - self._looked_s < IDLE_S:
                    continue
                self._forget_tagger()
                near, self._near = self._near, None
                self._frames, self._listed = {}, (0.0, {})
                self._waiting = False
            if near is not None:
                near.close()
            return

    def _forget_tagger(self) -> None:
        tagger, self._tagger = self._tagger, None
        if tagger is not None:
            tagger.close()
