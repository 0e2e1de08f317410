"""How loud a sound is, and what is wrong with its level."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Quieter than the quantization noise of 16 bits; digital silence would be minus infinity.
FLOOR_DB = -120.0
# The largest sample of 16 bits, and what lossy files make of it.
CLIPPED = 0.9999
# The gate and the display look at parts of a window: a clap in a silent second is not silence.
PART_SAMPLES = 1600


def level_db(samples: NDArray[Any]) -> float:
    """
    Compute the level of a sound.

    :param samples: float, any shape, from -1 to 1
    :returns: root mean square in dB relative to full scale, at least :data:`FLOOR_DB`; values that
        are not finite count as silence
    """
    if not samples.size:
        return FLOOR_DB
    values = _finite(samples).ravel()
    return _db(float(values @ values) / values.size)


def loudest_db(samples: NDArray[Any]) -> float:
    """
    Compute the level of the loudest tenth of a second of a sound at 16 kHz.

    :param samples: float, ``(S,)``, from -1 to 1
    :returns: as of :func:`level_db`
    """
    whole = len(samples) - len(samples) % PART_SAMPLES
    rest = level_db(samples[whole:])
    if not whole:
        return rest
    parts = _finite(samples[:whole]).reshape(-1, PART_SAMPLES)
    power = float(np.einsum('ps,ps->p', parts, parts).max()) / PART_SAMPLES
    return max(_db(power), rest)


def clipping_share(samples: NDArray[Any]) -> float:
    """
    Compute the share of samples that reach full scale: the microphone's gain is too high.

    :param samples: float, any shape, from -1 to 1
    :returns: 0 to 1; 0 without samples
    """
    return float(np.mean(np.abs(samples) >= CLIPPED)) if samples.size else 0.0


def only_zeros(samples: NDArray[Any]) -> bool:
    """
    Tell whether all samples are zero: a microphone that is muted, or not connected.

    :param samples: any type and shape; True without samples
    """
    return not samples.any()


def _finite(samples: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _db(power: float) -> float:
    return max(FLOOR_DB, 10.0 * math.log10(power)) if power > 0.0 else FLOOR_DB
