"""The sample programs that are written into exports."""

from __future__ import annotations

from pathlib import Path

PROGRAMS = Path(__file__).parent / 'programs'
USE_ONNX = 'use_onnx.py'
USE_CHECKPOINT = 'use_checkpoint.py'
USE_TORCHSCRIPT = 'use_torchscript.py'
USE_DATASET = 'use_dataset.py'
# It is called like the other one in a dataset of sounds.
USE_SOUND_DATASET = 'use_sound_dataset.py'


def program(name: str) -> bytes:
    """
    Read a sample program.

    :param name: one of the constants of this module
    :raises OSError: if the package is not complete
    """
    return (PROGRAMS / name).read_bytes()
