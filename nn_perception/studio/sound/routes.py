"""The routes of the view Sound: its clips."""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, WINDOW_S
from nn_perception.core.audio.sound_files import decode_sound, encode_wav
from nn_perception.studio.backend.fine_tuning import FineTuning
from nn_perception.studio.sound.socket import add_sound_socket
from nn_perception.studio.sound.spectrogram import encode_spectrogram
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.frame_routes import answer, FrameRoutes, KEEP, run
from nn_perception.studio.teach.taught import SOUNDS

STYLE = Path(__file__).with_name('sound.css')
STYLE_ROUTE = '/sound/sound.css'
# The shortest part of a clip that is kept; a clap lasts as long.
SHORTEST_S = 0.1


def add_routes(app: FastAPI, studio: Studio) -> None:
    """Add the routes of the view."""
    routes = Routes(studio)
    FrameRoutes(SOUNDS.route, lambda: routes.fine_tuning, routes.thumbnail).add_to(app)
    for path, method, reply in (
        (STYLE_ROUTE, 'GET', lambda: FileResponse(STYLE)),
        ('/sound/clip', 'GET', routes.clip),
        ('/sound/trim', 'POST', routes.trim),
    ):
        app.add_api_route(path, reply, methods=[method], include_in_schema=False)
    add_sound_socket(app, studio)


class Routes:
    """
    Answer the requests of the view.

    :param studio: what all views share
    """

    def __init__(self, studio: Studio) -> None:
        self._backend = studio.backend

    @property
    def fine_tuning(self) -> FineTuning:
        """The dataset of clips."""
        return self._backend.sounds.fine_tuning

    def thumbnail(self, clip: str) -> bytes:
        """Draw a clip."""
        return encode_spectrogram(decode_sound(self.fine_tuning.picture(clip)))

    async def clip(self, id: str) -> Response:  # noqa: A002
        """Return the WAV file of a clip, which never changes."""
        content = await run(lambda: self.fine_tuning.picture(id))
        return Response(content, media_type='audio/wav', headers={'cache-control': KEEP})

    async def trim(self, request: Request) -> Response:
        """
        Replace a clip by a part of it.

        The body has ``id``, ``label`` and ``recording`` of the clip, and ``start`` and ``end`` in
        seconds.
        """
        body = await request.body()
        return await answer(lambda: self._trim(body))

    def _trim(self, body: bytes) -> dict[str, Any]:
        kept = _parse_trim(body)
        samples = decode_sound(self.fine_tuning.picture(kept.clip))
        start, end = (round(at_s * SAMPLE_RATE_HZ) for at_s in (kept.start_s, kept.end_s))
        content = encode_wav(samples[start:end])
        # The old one is deleted only when the new one is stored.
        added = self.fine_tuning.add_frame(content, kept.label, recording=kept.recording)
        if added != kept.clip:
            self.fine_tuning.delete_frames([kept.clip])
        return {'id': added}


@dataclass(frozen=True)
class Kept:
    """
    What is kept of a clip.

    :param clip: its id
    :param label: its label
    :param recording: which recording it is from
    :param start_s: where the part begins
    :param end_s: where it ends
    """

    clip: str
    label: str
    recording: str
    start_s: float
    end_s: float


def _parse_trim(body: bytes) -> Kept:
    """
    Read what is kept of a clip.

    :raises ValueError: if it is malformed, out of range, or nothing is cut off
    """
    try:
        values = json.loads(body)
        clip, label = str(values['id']), str(values['label'])
        # What is unknown is a recording of its own.
        recording = str(values.get('recording') or '')
        start_s, end_s = float(values['start']), float(values['end'])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError('what is kept needs id, label, start and end') from error
    if not 0.0 <= start_s < end_s <= WINDOW_S:
        raise ValueError('start and end must be within the clip, one after the other')
    if end_s - start_s < SHORTEST_S:
        raise ValueError(f'at least {SHORTEST_S} s must be kept')
    if end_s - start_s >= WINDOW_S:
        raise ValueError('nothing is cut off; move start or end')
    return Kept(clip, label, recording, start_s, end_s)
