"""The sample programs that are written into exports."""

from __future__ import annotations

from pathlib import Path

PROGRAMS = Path(__file__).parent / 'programs'
USE_ONNX = 'use_onnx.py'
USE_CHECKPOINT = 'use_checkpoint.py'
USE_TORCHSCRIPT = 'use_torchscript.py'
USE_DATASET = 'use_dataset.py'
# Those for sounds; in an export they are called like those for pictures.
USE_ONNX_SOUNDS = 'use_onnx_sounds.py'
USE_CHECKPOINT_SOUNDS = 'use_checkpoint_sounds.py'
USE_SOUND_DATASET = 'use_sound_dataset.py'


def program(name: str) -> bytes:
    """
    Read a sample program.

    :param name: one of the constants of this module
    :raises OSError: if the package is not complete
    """
    return (PROGRAMS / name).read_bytes()
