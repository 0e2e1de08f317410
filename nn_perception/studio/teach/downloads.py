"""Files that the view Teach offers: exports of a version, and the dataset."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
from pathlib import Path
import shutil
import threading

from anyio import to_thread
from fastapi import HTTPException
from fastapi.responses import FileResponse
from nn_perception.core.files.scratch import scratch_folder
from nn_perception.core.subprocess import run_subprocess, SubprocessError
from nn_perception.studio.backend.fine_tuning import FineTuning
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.training.datasets.transfer import export_zip
from nn_perception.training.export.write_export import ONNX, ZIP
from starlette.types import Receive, Scope, Send

CHECKPOINT, DATASET = 'checkpoint', 'dataset'
KINDS = (ONNX, ZIP, CHECKPOINT, DATASET)
NAMES = {ONNX: 'model.onnx', CHECKPOINT: 'checkpoint.safetensors'}


class Downloads:
    """
    Write files for a download, one at a time, and delete them afterwards.

    :param fine_tuning: returns the versions and the dataset
    """

    def __init__(self, fine_tuning: Callable[[], FineTuning]) -> None:
        self._find = fine_tuning
        self._place = threading.BoundedSemaphore(1)

    @property
    def _fine_tuning(self) -> FineTuning:
        return self._find()

    async def download(self, kind: str, version: str = '', label: str = '') -> FileResponse:
        """Return a file: an export of a version, or the dataset or one of its classes."""
        if kind not in KINDS:
            raise HTTPException(404, f'There is no download of this kind: {", ".join(KINDS)}.')
        if not self._place.acquire(blocking=False):
            raise HTTPException(503, 'Another file is being written; try again in a moment.')
        try:
            return await to_thread.run_sync(self._write, kind, version, label)
        except ERRORS as error:
            raise HTTPException(422, sentence(error)) from error
        finally:
            self._place.release()

    def _write(self, kind: str, version: str, label: str) -> FileResponse:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            path = self._file(kind, version, label, folder)
            return TemporaryFile(path, stack.pop_all())

    def _file(self, kind: str, version: str, label: str, folder: Path) -> Path:
        if kind == DATASET:
            source = self._fine_tuning.dataset_folder()
            path = folder / f'{label or source.name}.zip'
            export_zip(source, path, label)
            return path
        model = self._fine_tuning.state().model or 'model'
        version = version or self._fine_tuning.state().active_version
        if not version:
            raise ValueError('no version is active yet')
        checkpoint = self._fine_tuning.checkpoint(version)
        path = folder / NAMES.get(kind, f'{model}.zip')
        if kind == CHECKPOINT:
            shutil.copyfile(checkpoint, path)
            return path
        # In a process of its own: what an export needs would stay in this one's memory.
        try:
            arguments = [str(checkpoint), str(path), kind]
            run_subprocess('nn_perception.training.export.export_process', arguments, folder)
        except SubprocessError as error:
            raise RuntimeError(f'the version cannot be exported: {error}') from error
        return path


class TemporaryFile(FileResponse):
    """A file that is deleted when it was sent, or the client is gone."""

    def __init__(self, path: Path, cleanup: contextlib.ExitStack) -> None:
        super().__init__(path, filename=path.name)
        self._cleanup = cleanup

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await to_thread.run_sync(self._cleanup.close)
