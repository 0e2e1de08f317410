"""
Compose the sample ``words.flac``: four words with pauses between them.

    python tools/compose_words.py CLIPS nn_perception/samples/sounds/words.flac

CLIPS is a folder of Speech Commands clips, one subfolder a word.
"""

from __future__ import annotations

from pathlib import Path
import sys

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, WINDOW_SAMPLES
from nn_perception.core.audio.sound_files import as_int16, read_sound
import numpy as np
import soundfile

# One speaker; each clip lasts a second.
CLIPS = (
    'stop/9a69672b_nohash_0.wav',
    'go/9a69672b_nohash_4.wav',
    'left/9a69672b_nohash_2.wav',
    'yes/9a69672b_nohash_0.wav',
)
PAUSE_S = 1.0
# The noise of a quiet room, so that the pauses are no digital silence, and the edges of a clip.
NOISE = 10.0 ** (-66.0 / 20.0)
FADE_SAMPLES = 480


def main() -> None:
    """Compose and write the sample."""
    clips, path = Path(sys.argv[1]), Path(sys.argv[2])
    pause = round(PAUSE_S * SAMPLE_RATE_HZ)
    step = pause + WINDOW_SAMPLES
    random = np.random.default_rng(0)
    sound = NOISE * random.standard_normal(len(CLIPS) * step + pause)
    fade = np.linspace(0.0, 1.0, FADE_SAMPLES)
    edges = np.concatenate([fade, np.ones(WINDOW_SAMPLES - 2 * FADE_SAMPLES), fade[::-1]])
    for number, name in enumerate(CLIPS):
        clip = read_sound(clips / name, max_s=1.0)
        start = number * step + pause
        sound[start : start + len(clip)] += clip * edges[: len(clip)]
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, as_int16(sound), SAMPLE_RATE_HZ, format='FLAC', subtype='PCM_16')


if __name__ == '__main__':
    main()
