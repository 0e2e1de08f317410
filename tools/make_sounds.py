"""
Write a folder of synthesised clips, a folder for each kind of sound. Usage::

    python tools/make_sounds.py FOLDER [--count N] [--seed N]

Nothing is copied: see ``tools/sound_synthesis.py``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ  # noqa: E402
import numpy as np  # noqa: E402
from sound_synthesis import KINDS, synthesised  # noqa: E402
import soundfile  # type: ignore[import-untyped]  # noqa: E402


def main() -> None:
    """Write as the command line says."""
    parser = argparse.ArgumentParser(description='Synthesise sounds that are no speech.')
    parser.add_argument('folder', type=Path)
    parser.add_argument('--count', type=int, default=20, help='clips of each kind')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    for index, kind in enumerate(KINDS):
        folder = args.folder / kind
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(args.count):
            random = np.random.default_rng((args.seed, index, number))
            clip = synthesised(kind, random)
            path = folder / f'{kind}_{args.seed}_{number:03d}.wav'
            soundfile.write(path, clip, SAMPLE_RATE_HZ, subtype='PCM_16')


if __name__ == '__main__':
    main()
