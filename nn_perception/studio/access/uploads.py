"""Large requests, which go to a private file and never into memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import shutil
import threading
from typing import BinaryIO

from anyio import to_thread
from fastapi import HTTPException, Request
from nn_perception.core.files.private import open_privately
from nn_perception.core.files.scratch import scratch_folder
from nn_perception.studio.access.limits.table import KEPT_FREE_BYTES, MAX_UPLOADS, MB, size_words

NAME = 'upload'

_PLACES = threading.BoundedSemaphore(MAX_UPLOADS)


@asynccontextmanager
async def receive_upload(request: Request, limit: int) -> AsyncIterator[Path]:
    """
    Receive the body of a request into a private file, which is deleted after the ``async with``.

    :param limit: largest accepted size in bytes; that of the path in
        :data:`nn_perception.studio.access.limits.table.BODY_LIMITS` holds too
    :returns: path of the file
    :raises HTTPException: if it is too large, the disk is full, or others are uploading
    :raises starlette.requests.ClientDisconnect: if the client is gone
    """
    if not _PLACES.acquire(blocking=False):
        raise HTTPException(503, 'Other files are being received; try again in a minute.')
    try:
        with scratch_folder() as folder:
            _check_room(folder, request.headers.get('content-length', ''))
            path = folder / NAME
            try:
                with open(path, 'xb', opener=open_privately) as stream:
                    await _receive(request, stream, limit)
            except OSError as error:
                sentence = f'The file cannot be stored: {error.strerror or "no room"}.'
                raise HTTPException(507, sentence) from error
            yield path
    finally:
        _PLACES.release()


async def _receive(request: Request, stream: BinaryIO, limit: int) -> None:
    size, part = 0, bytearray()
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise HTTPException(413, f'The file is larger than {size_words(limit)}.')
        part += chunk
        if len(part) >= MB:
            await to_thread.run_sync(stream.write, bytes(part))
            part.clear()
    await to_thread.run_sync(stream.write, bytes(part))


def _check_room(folder: Path, length: str) -> None:
    """Check before anything is received that it will fit."""
    size = int(length[:20]) if length.isascii() and length.isdigit() else 0
    if shutil.disk_usage(folder).free < size + KEPT_FREE_BYTES:
        raise HTTPException(507, 'The disk has no room for the file.')
