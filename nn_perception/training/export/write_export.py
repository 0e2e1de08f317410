"""Write a model for programs that do not use this package, or for people who do."""

from __future__ import annotations

import hashlib
from pathlib import Path
import zipfile

from nn_perception.core.files.atomic import atomic_stream, write_atomically
from nn_perception.core.files.scratch import scratch_folder
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.subprocess import run_subprocess, SubprocessError
from nn_perception.training.export.readme import labels_text, readme
from nn_perception.training.export.sample_programs import (
    program,
    USE_CHECKPOINT,
    USE_CHECKPOINT_SOUNDS,
    USE_ONNX,
    USE_ONNX_SOUNDS,
)

ONNX, TORCHSCRIPT, ZIP = 'onnx', 'torchscript', 'zip'
# kind of an export -> what its file is usually called
SUFFIXES = {ONNX: '.onnx', TORCHSCRIPT: '.pt', ZIP: '.zip'}


def write_export(checkpoint: Path | str, out: Path, kind: str) -> Path:
    """
    Export a classifier; an existing file is replaced.

    Its input are images of any size, or sounds, its output the scores that a tagger computes,
    ``unknown`` included. That both are equal is checked before the file gets its name.

    :param checkpoint: a checkpoint file, or another name of a model, see
        :func:`nn_perception.core.inference.model_zoo.find_checkpoint`
    :param out: the file; its folder must exist
    :param kind: ``onnx``, ``torchscript``, or ``zip``: the checkpoint, the ONNX file, the labels,
        and sample programs
    :returns: the absolute path of the file
    :raises ValueError: if the kind is unknown, or not for networks for sounds, or the model is no
        classifier, or not usable
    :raises OSError: if a file cannot be read or written; nothing is left behind
    :raises RuntimeError: if the network cannot be exported
    """
    if kind not in SUFFIXES:
        raise ValueError(f'the format must be {", ".join(SUFFIXES)}, got {kind!r}')
    model, out = find_checkpoint(str(checkpoint)), Path(out).expanduser().absolute()
    _check_exportable(model, str(checkpoint), kind)
    if not out.parent.is_dir():
        raise FileNotFoundError(f'there is no folder {out.parent}')
    if kind == TORCHSCRIPT:
        content = _torchscript_content(model)
    else:
        content = _onnx_content(model)
    try:
        if kind == ZIP:
            _write_zip(model, content, out)
        else:
            write_atomically(out, content)
    except OSError as error:
        raise type(error)(f'{out} cannot be written: {error.strerror or error}') from error
    return out


def _check_exportable(model: Checkpoint, name: str, kind: str) -> None:
    if not model.labels:
        raise ValueError(f'{name} is not a classifier: it has no labels')
    if model.hears and kind == TORCHSCRIPT:
        raise ValueError(
            f'{name} is a network for sounds; those are exported as {ONNX} or {ZIP}, not as {kind}'
        )
    if not model.hears and model.image_preprocessing.foreground:
        raise ValueError(
            f'{name} cuts its object out of a plain ground first, which an exported file cannot '
            'do; use the checkpoint itself'
        )


def _onnx_content(model: Checkpoint) -> bytes:
    try:
        from nn_perception.training.export.onnx_file import onnx_content
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"an export needs the Python package {error.name} ('pip install {error.name}')"
        ) from error
    return onnx_content(model)


def _torchscript_content(model: Checkpoint) -> bytes:
    with scratch_folder() as folder:
        path = folder / 'model.pt'
        try:
            run_subprocess(
                'nn_perception.training.export.torchscript',
                [str(model.path), model.sha256, str(path)],
                folder,
            )
        except SubprocessError as error:
            raise RuntimeError(f'{model.name} cannot be exported: {error}') from error
        return path.read_bytes()


def _write_zip(model: Checkpoint, onnx: bytes, out: Path) -> None:
    """Write all files into one folder of a zip file, named as the file."""
    folder = out.stem
    checkpoint = model.path.read_bytes()
    if hashlib.sha256(checkpoint).hexdigest() != model.sha256:
        raise ValueError(f'{model.path} has changed since it was opened')
    members = {
        'checkpoint.safetensors': checkpoint,
        'README.txt': readme(model).encode(),
        'labels.txt': labels_text(model).encode(),
        'model.onnx': onnx,
        USE_ONNX: program(USE_ONNX_SOUNDS if model.hears else USE_ONNX),
        USE_CHECKPOINT: program(USE_CHECKPOINT_SOUNDS if model.hears else USE_CHECKPOINT),
    }
    with atomic_stream(out) as stream, zipfile.ZipFile(stream, 'w') as archive:
        # Without compression, since weights do not shrink.
        for name, content in members.items():
            archive.writestr(f'{folder}/{name}', content)
