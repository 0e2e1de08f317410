"""
The cache of networks exported to ONNX.

The name of an export is ``NETWORK-KEY-CODE.onnx``. The key identifies the source, and the code is
a keyed hash of key and content. So an export is published by one rename, and a file that is
damaged, or that somebody else has put into the cache, is recognised and never run.
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
from nn_perception.core.files.authentication import Authenticator, codes_match
from nn_perception.core.files.folders import cache_folder, trusted_folder
from nn_perception.core.files.locks import lock
from nn_perception.core.files.private import FILE_MODE
from nn_perception.core.files.scratch import scratch_folder
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.onnx_export import CANNOT_WRITE, EXPORT_VERSION
from nn_perception.core.subprocess import run_subprocess, SubprocessError

LOG = logging.getLogger(__name__)

KEY_LENGTH = 16
INSTALL_HINT = (
    "exporting a network needs torch, onnx and onnxscript ('pip install torch onnx onnxscript'), "
    'or copy the export and its key from a computer that has them to {} (docs/robot.md)'
)


def exports_folder() -> Path:
    """Return the folder of the exports, without creating it."""
    return cache_folder() / 'exports'


def find_export(checkpoint: Checkpoint) -> Path | None:
    """Find an export by name, without reading it."""
    found = _cached(checkpoint)
    return found[0] if found else None


@contextlib.contextmanager
def export_file(checkpoint: Checkpoint) -> Iterator[Path]:
    """
    Provide the network of a checkpoint as an ONNX file; export it if it is not in the cache.

    If several processes need it at once, one exports it. If the cache is not writable, or others
    can write to it, the export is temporary: a warning is logged, and the file is deleted after
    the ``with`` block.

    :raises RuntimeError: if it cannot be exported
    """
    with contextlib.ExitStack() as stack:
        path = _find_or_export(checkpoint)
        if path is None:
            try:
                path = stack.enter_context(scratch_folder()) / 'export.onnx'
                _export(checkpoint, path)
            except OSError as error:
                raise RuntimeError(f'{checkpoint.name} cannot be exported: {error}') from error
        yield path


def _find_or_export(checkpoint: Checkpoint) -> Path | None:
    """Find an export in the cache, or add it; None if the cache cannot be used."""
    try:
        folder, authenticator = exports_folder(), Authenticator(cache_folder())
        trusted_folder(folder)
        path = _find_authentic(checkpoint, authenticator)
        if path is not None:
            return path
        with lock(folder / f'{export_key(checkpoint)}.lock'):
            # Another process may have exported while this one waited for the lock.
            return _find_authentic(checkpoint, authenticator) or _add(checkpoint, authenticator)
    except OSError as error:
        LOG.warning(
            'the cache folder %s cannot be used (%s); %s is exported for this process only. Set '
            'NN_PERCEPTION_CACHE to a folder that you, and nobody else, can write to',
            cache_folder(),
            error,
            checkpoint.name,
        )
        return None


def export_key(checkpoint: Checkpoint) -> str:
    """Hash everything that an export depends on: the weights and the code of the networks."""
    digest = hashlib.sha256(f'{checkpoint.identity} {EXPORT_VERSION}'.encode())
    folder = Path(networks.__file__).parent
    defined = [*folder.glob('defined/*.py')] if checkpoint.definition is not None else []
    for source in sorted([*folder.glob('*.py'), *defined]):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:KEY_LENGTH]


def _cached(checkpoint: Checkpoint) -> list[Path]:
    """List the files that have the name of an export, whoever has put them there."""
    found = exports_folder().glob(f'*-{export_key(checkpoint)}-*.onnx')
    return sorted(path for path in found if path.is_file())


def _find_authentic(checkpoint: Checkpoint, authenticator: Authenticator) -> Path | None:
    """Find the export in the cache whose authentication code is right."""
    key = export_key(checkpoint)
    for path in _cached(checkpoint):
        try:
            code = authenticator.code_of_file(path, key)
        except OSError as error:
            LOG.warning('the export %s cannot be read (%s)', path, error.strerror)
            continue
        if codes_match(path.stem.rsplit('-', 1)[1], code):
            return path
        LOG.warning('the export %s is damaged or was not made here; it is not used', path)
    return None


def _add(checkpoint: Checkpoint, authenticator: Authenticator) -> Path:
    """
    Export into the cache; the file gets its name when it is complete.

    :raises OSError: if the cache is not writable
    :raises RuntimeError: if the export fails for another reason
    """
    folder, key = exports_folder(), export_key(checkpoint)
    for leftover in folder.glob(f'.{key}-*'):  # of a process that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f'.{key}-', dir=folder) as temporary:
        part = Path(temporary, 'export.onnx')
        _export(checkpoint, part)
        name = re.sub(r'\W+', '_', checkpoint.network)
        final = folder / f'{name}-{key}-{authenticator.code_of_file(part, key)}.onnx'
        os.replace(part, final)
    # Only now: without torch, what is there may be all that somebody has.
    for other in _cached(checkpoint):
        if other != final:
            with contextlib.suppress(OSError):
                other.unlink()
    return final


def _export(checkpoint: Checkpoint, path: Path) -> None:
    """
    Export in a subprocess.

    :param path: the file; its folder is private
    :raises OSError: if the folder is not writable
    :raises RuntimeError: if the export fails for another reason
    """
    LOG.info('exporting %s for the first time, which takes some seconds', checkpoint.name)
    start_s = time.monotonic()
    try:
        difference = run_subprocess(
            'nn_perception.core.inference.onnx_export',
            [str(checkpoint.path), checkpoint.sha256, str(path), checkpoint.output],
            path.parent,
        )
        os.chmod(path, FILE_MODE)
    except SubprocessError as error:
        if error.status == CANNOT_WRITE:
            raise OSError(str(error)) from error
        missing = 'is missing' in str(error)
        hint = f'; {INSTALL_HINT.format(cache_folder())}' if missing else ''
        raise RuntimeError(f'{checkpoint.name} cannot be exported: {error}{hint}') from error
    LOG.info(
        'exported %s in %.1f s, maximum difference to torch %s: %s',
        checkpoint.name,
        time.monotonic() - start_s,
        difference,
        path,
    )
