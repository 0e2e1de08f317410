"""
The cache of networks exported to ONNX.

The name of an export is ``NETWORK-KEY-DIGEST.onnx``. The key identifies the source, the digest is
the hash of the file. So an export is published by one rename, and a damaged file is recognised.
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
CHUNK_BYTES = 1 << 20
INSTALL_HINT = (
    "exporting a network needs torch, onnx and onnxscript ('pip install torch onnx onnxscript'), "
    'or copy the export from a computer that has them to {} (docs/robot.md)'
)


def exports_folder() -> Path:
    """Return the folder of the exports, without creating it."""
    return cache_folder() / 'exports'


def find_export(checkpoint: Checkpoint) -> Path | None:
    """Find an export by name, without reading it."""
    found = sorted(exports_folder().glob(f'*-{export_key(checkpoint)}-*.onnx'))
    return found[0] if found else None


@contextlib.contextmanager
def export_file(checkpoint: Checkpoint) -> Iterator[Path]:
    """
    Provide the network of a checkpoint as an ONNX file; export it if it is not in the cache.

    If several processes need it at once, one exports it. If the cache is not writable, the export
    is temporary: a warning is logged, and the file is deleted after the ``with`` block.

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
    """Find an export in the cache, or add it; None if the cache is not writable."""
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
            'NN_PERCEPTION_CACHE to a writable folder',
            cache_folder(),
            error,
            checkpoint.name,
        )
        return None


def export_key(checkpoint: Checkpoint) -> str:
    """Hash everything that an export depends on: the weights and the code of the networks."""
    digest = hashlib.sha256(f'{checkpoint.identity} {EXPORT_VERSION}'.encode())
    for source in sorted(Path(networks.__file__).parent.glob('*.py')):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:HASH_LENGTH]


def _find_whole(checkpoint: Checkpoint) -> Path | None:
    """Find the export in the cache; delete it if its content does not match its name."""
    for path in sorted(exports_folder().glob(f'*-{export_key(checkpoint)}-*.onnx')):
        try:
            digest = _digest(path)
        except OSError as error:
            LOG.warning('the export %s cannot be read (%s)', path, error.strerror)
            continue
        if path.stem.rsplit('-', 1)[1] == digest:
            return path
        LOG.warning('the export %s is damaged; it is deleted and exported again', path)
        with contextlib.suppress(OSError):
            path.unlink()
    return None


def _export_into(checkpoint: Checkpoint, folder: Path) -> Path:
    """
    Export in a subprocess, then give the file its final name.

    :raises OSError: if the folder is not writable
    :raises RuntimeError: if the export fails for another reason
    """
    key = export_key(checkpoint)
    for leftover in folder.glob(f'.{key}-*'):  # of a process that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    LOG.info('exporting %s for the first time, which takes some seconds', checkpoint.name)
    start_s = time.monotonic()
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
        'exported %s in %.1f s, maximum difference to torch %s: %s',
        checkpoint.name,
        time.monotonic() - start_s,
        difference,
        final,
    )
    return final


def _digest(path: Path) -> str:
    """Hash a file in chunks: the memory for the whole file would never be returned."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()[:HASH_LENGTH]
