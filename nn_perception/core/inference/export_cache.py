"""
The cache of exported networks.

An export is named ``NETWORK-KEY-DIGEST.onnx``: the key says what it was made from, the digest is
the hash of the file itself. So one rename publishes it, and a torn or foreign file is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import hashlib
import logging
import os
from pathlib import Path
import re
import shutil
import tempfile
import time

from nn_perception.core import networks
from nn_perception.core.files.folders import cache_folder
from nn_perception.core.files.locks import lock
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.onnx_export import CANNOT_WRITE, EXPORT_VERSION
from nn_perception.core.subprocess import run_subprocess, SubprocessError

LOG = logging.getLogger(__name__)

HASH_LENGTH = 16
PIECE_BYTES = 1 << 20
INSTALL_HINT = (
    "exporting a network needs torch, onnx and onnxscript ('pip install torch onnx onnxscript'), "
    'or its export from a computer that has them, in {} (docs/robot.md)'
)


def exports_folder() -> Path:
    """Name the folder of the exports, without creating it."""
    return cache_folder() / 'exports'


def find_export(checkpoint: Checkpoint) -> Path | None:
    """Look an export up by name, without reading it."""
    found = sorted(exports_folder().glob(f'*-{export_key(checkpoint)}-*.onnx'))
    return found[0] if found else None


@contextlib.contextmanager
def export_file(checkpoint: Checkpoint) -> Iterator[Path]:
    """
    Give a checkpoint's network as an ONNX file, from the cache or exported now.

    Several processes at once export once. Where the cache cannot be written the export is made
    for this process only, a warning is logged, and the file is gone after the ``with``.

    :raises RuntimeError: if it cannot be exported
    """
    with contextlib.ExitStack() as stack:
        path = _find_or_export(checkpoint)
        if path is None:
            try:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='nn_perception-'))
                path = _export_into(checkpoint, Path(folder))
            except OSError as error:
                raise RuntimeError(f'{checkpoint.name} cannot be exported: {error}') from error
        yield path


def _find_or_export(checkpoint: Checkpoint) -> Path | None:
    """Find an export in the cache or put it there; ``None`` if the cache cannot be written."""
    path = _find_whole(checkpoint)
    if path is not None:
        return path
    try:
        folder = exports_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with lock(folder / f'{export_key(checkpoint)}.lock'):
            # Another process may have exported while this one waited for the lock.
            return _find_whole(checkpoint) or _export_into(checkpoint, folder)
    except OSError as error:
        LOG.warning(
            'the cache folder %s cannot be used (%s); %s is exported for this process only. Set '
            'NN_PERCEPTION_CACHE to a folder that can be written',
            cache_folder(),
            error,
            checkpoint.name,
        )
        return None


def export_key(checkpoint: Checkpoint) -> str:
    """Hash all that decides what an export computes: the weights and the exporting code."""
    digest = hashlib.sha256(f'{checkpoint.identity} {EXPORT_VERSION}'.encode())
    for source in sorted(Path(networks.__file__).parent.glob('*.py')):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:HASH_LENGTH]


def _find_whole(checkpoint: Checkpoint) -> Path | None:
    """Find the export in the cache; remove a file that is not what its name says."""
    for path in sorted(exports_folder().glob(f'*-{export_key(checkpoint)}-*.onnx')):
        try:
            digest = _digest(path)
        except OSError as error:
            LOG.warning('the export %s cannot be read (%s)', path, error.strerror)
            continue
        if path.stem.rsplit('-', 1)[1] == digest:
            return path
        LOG.warning('the export %s is damaged; it is removed and made anew', path)
        with contextlib.suppress(OSError):
            path.unlink()
    return None


def _export_into(checkpoint: Checkpoint, folder: Path) -> Path:
    """
    Export in a child process and give the file its name.

    :raises OSError: if the folder cannot be written
    :raises RuntimeError: if the export fails for another reason
    """
    key = export_key(checkpoint)
    for torn in folder.glob(f'.{key}-*'):  # of a process that was killed
        shutil.rmtree(torn, ignore_errors=True)
    LOG.info('exporting %s once, which takes some seconds', checkpoint.name)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f'.{key}-', dir=folder) as temporary:
        part = Path(temporary, 'export.onnx')
        try:
            difference = run_subprocess(
                'nn_perception.core.inference.onnx_export',
                [str(checkpoint.path), checkpoint.sha256, str(part), checkpoint.output],
                part.parent,
            )
        except SubprocessError as error:
            if error.status == CANNOT_WRITE:
                raise OSError(str(error)) from error
            missing = 'is missing' in str(error)
            hint = f'; {INSTALL_HINT.format(exports_folder())}' if missing else ''
            raise RuntimeError(f'{checkpoint.name} cannot be exported: {error}{hint}') from error
        name = re.sub(r'\W+', '_', checkpoint.network)
        final = folder / f'{name}-{key}-{_digest(part)}.onnx'
        os.replace(part, final)
    LOG.info(
        'exported %s in %.1f s, %s from torch: %s',
        checkpoint.name,
        time.monotonic() - began,
        difference,
        final,
    )
    return final


def _digest(path: Path) -> str:
    """Hash a file piece by piece: whole, it would stay in the process's memory for good."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()[:HASH_LENGTH]
