"""Snapshots of runs: files to keep, and to go on from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import re

from anyio import to_thread
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from nn_perception.studio.access.limits.table import MAX_SNAPSHOT_BYTES
from nn_perception.studio.access.uploads import receive_upload
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.training.runs.records import RunState
from nn_perception.training.runs.run import Run, Runs
from nn_perception.training.runs.snapshot_file import read_snapshot

SNAPSHOT = '/train/snapshot'
MAX_NAME = 255
MEDIA_TYPE = 'application/octet-stream'


def add_snapshots(app: FastAPI, runs: Runs) -> None:
    """
    Add the routes that save and load snapshots.

    :param runs: the runs
    """

    async def save(name: str) -> Response:
        try:
            found, content = await to_thread.run_sync(_save, runs, name)
        except ERRORS as error:
            raise HTTPException(422, sentence(error)) from error
        headers = {'content-disposition': f'attachment; filename="{file_name(found)}"'}
        return Response(content, media_type=MEDIA_TYPE, headers=headers)

    async def load(request: Request, name: str = 'file') -> Response:
        async with receive_upload(request, MAX_SNAPSHOT_BYTES) as path:
            try:
                started = await to_thread.run_sync(_load, runs, path)
            except ERRORS as error:
                words = sentence(error).replace(str(path), name[:MAX_NAME])
                return JSONResponse({'detail': words})
        return JSONResponse({'run': started})

    app.add_api_route(f'{SNAPSHOT}/{{name}}', save, include_in_schema=False)
    app.add_api_route(SNAPSHOT, load, methods=['POST'], include_in_schema=False)


def file_name(title: str) -> str:
    """Return the name of a file for a run, of characters that every system takes."""
    plain = re.sub(r'[^A-Za-z0-9]+', '-', title).strip('-')[:60]
    return f'{plain or "run"}.safetensors'


def _save(runs: Runs, name: str) -> tuple[str, bytes]:
    found = runs.find(name)
    return found.settings.title or name, found.save_snapshot()


def _load(runs: Runs, path: Path) -> str:
    content = path.read_bytes()
    found = read_snapshot(content)
    # Those in use when it was stored, which may not be those that it was started with.
    settings = replace(found.settings, rates=found.status.rates, epochs=found.status.epochs)
    return runs.start(settings, content).name


def resume(run: Run) -> None:
    """
    Let a run go on; one that has done its epochs gets as many again.

    :raises RuntimeError: a sentence, if it cannot go on
    """
    status = run.status()
    if status.epoch >= status.epochs:
        run.set_epochs(status.epochs + run.settings.epochs)
    if status.state is not RunState.FINISHED:
        run.resume()
