"""The picture of a sound: time to the right, frequency upwards, on the scale of mel."""

from __future__ import annotations

from functools import lru_cache

import cv2
from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, Samples
import numpy as np
from numpy.typing import NDArray

FFT_SAMPLES, HOP_SAMPLES = 512, 160
BANDS = 64
LOWEST_HZ = 60.0
# What is quieter is black, and what is louder white; both are levels of a band.
QUIET_DB, LOUD_DB = -90.0, -20.0
SIDE_PX = 96


def encode_spectrogram(samples: Samples) -> bytes:
    """
    Draw a sound, as a square PNG.

    :param samples: float32, ``(S,)``, from -1 to 1, at 16 kHz
    """
    levels = log_mel(samples)
    shades = np.clip((levels - QUIET_DB) / (LOUD_DB - QUIET_DB), 0.0, 1.0)
    grey = (255.0 * shades[:, ::-1].T).astype(np.uint8)
    picture = cv2.resize(grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    encoded = cv2.imencode('.png', cv2.applyColorMap(picture, cv2.COLORMAP_INFERNO))[1]
    return bytes(encoded)


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """
    Compute the levels of the bands of a sound.

    :param samples: float32, ``(S,)``, from -1 to 1, at 16 kHz
    :returns: ``(T, BANDS)``, in dB relative to full scale, the lowest band first
    """
    padded = np.pad(samples, (0, max(0, FFT_SAMPLES - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_SAMPLES)[::HOP_SAMPLES]
    window = np.hanning(FFT_SAMPLES).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(frames * window)) / (FFT_SAMPLES / 4.0)
    power = np.square(spectrum) @ _filters()
    return np.asarray(10.0 * np.log10(power + 1e-12), np.float32)


@lru_cache(maxsize=1)
def _filters() -> NDArray[np.float64]:
    """Return the triangles of the bands, ``(FFT_SAMPLES / 2 + 1, BANDS)``."""
    highest = _mel(SAMPLE_RATE_HZ / 2.0)
    edges = 700.0 * (10.0 ** (np.linspace(_mel(LOWEST_HZ), highest, BANDS + 2) / 2595.0) - 1.0)
    hz = np.fft.rfftfreq(FFT_SAMPLES, 1.0 / SAMPLE_RATE_HZ)[:, None]
    # Low bands are narrower than a bin; each gets one nevertheless.
    width = np.maximum(np.diff(edges), SAMPLE_RATE_HZ / FFT_SAMPLES)
    rising = 1.0 - (edges[1:-1] - hz) / width[:-1]
    falling = 1.0 - (hz - edges[1:-1]) / width[1:]
    return np.clip(np.minimum(rising, falling), 0.0, 1.0)


def _mel(hz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hz / 700.0))
