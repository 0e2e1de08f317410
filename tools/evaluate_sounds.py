"""
Measure the network for sounds on words and on synthesised sounds. Usage::

    python tools/evaluate_sounds.py CLIPS [--development] [--only NAME ...]

CLIPS is a folder that has a folder of WAV files for each label, with names as in Speech Commands.
Speakers are halved by a hash of their names: with ``--development`` only the first half is used,
and other synthesised sounds. Everything was chosen there. Without it, all is tested on speakers of
the second half, and learned from the others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import hashlib
import itertools
from pathlib import Path
import sys

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from convert_sound_embedding import SYNTHESISED  # noqa: E402
from nn_perception.capabilities.sounds.defaults import BACKGROUND  # noqa: E402
from sound_clips import Clips, read_clips, Rows  # noqa: E402
from sound_recipe import (  # noqa: E402
    ALL,
    auroc,
    Backbone,
    EMBEDDING,
    Material,
    STAGES,
    STATISTICS,
)
from sound_streams import (  # noqa: E402
    composed,
    costs_ms,
    false_words,
    LEAST_SCORES,
    speech_in,
    windows_of,
)
from sound_synthesis import KINDS, synthesised_clips  # noqa: E402
import torch  # noqa: E402

PARTS = {
    'published embedding alone': EMBEDDING,
    'statistics alone': STATISTICS,
    'stages of the network alone': STAGES,
    'all features': ALL,
}
SPLITS = 5
# Percent of the speakers, by the hash of their names.
DEVELOPMENT = 45
CLIPS_OF_KIND = 80
# Of which synthesised sounds are learned from; the others are the test.
POOL = 40


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f'{text}\n')
    sys.stdout.flush()


class Evaluation:
    """The data, and the figures of one run."""

    def __init__(self, folder: Path, *, development: bool) -> None:
        self.development = development
        self.backbone = Backbone()
        clips = read_clips(folder)
        self.words = Material(clips, self.backbone(clips.samples), self.backbone)
        first = np.array([_is_development(name) for name in clips.recordings])
        self.learned, self.tested = clips.recordings[first], clips.recordings[~first]
        if development:
            self.tested = self.learned

    def splits(self) -> Iterator[tuple[Generator, Rows, Rows]]:
        """Yield random values, clips to learn from, and clips of other speakers to test."""
        for number in range(SPLITS):
            random = np.random.default_rng((1 - self.development, number))
            names = random.permutation(np.unique(self.tested))
            names = names[: round(len(names) * (0.4 if self.development else 0.5))]
            clips = self.words.clips
            everyone = np.union1d(self.learned, self.tested)
            yield random, clips.rows_of(np.setdiff1d(everyone, names)), clips.rows_of(names)

    def other_sounds(self) -> Material:
        """Synthesise sounds of all kinds."""
        seed = 1 if self.development else 2
        kinds = sorted(KINDS)
        samples = synthesised_clips(kinds, CLIPS_OF_KIND, seed)
        classes = np.repeat(np.arange(len(kinds)), CLIPS_OF_KIND)
        names = np.array([str(number) for number in range(len(samples))])
        clips = Clips(samples, classes, names, tuple(kinds))
        return Material(clips, self.backbone(clips.samples), self.backbone)

    def measure_words(self) -> None:
        """Measure words with some clips of each, and with parts of the features."""
        say('\nwords and background, speakers disjoint: mean and deviation of the splits')
        for count in (5, 10) if self.development else (5, 10, 20, 28):
            found: dict[str, list[float]] = {}
            for random, pool, test in self.splits():
                rows = self.words.clips.drawn(pool, count, random)
                for name, right in _rights(self.words, rows, test, random).items():
                    found.setdefault(name, []).append(right)
            _say_rights(count, found)

    def measure_folds(self) -> None:
        """Measure with almost all clips: ten folds of speakers, 36 clips of each word."""
        words, names = self.words, np.unique(self.words.clips.recordings)
        random = np.random.default_rng(7)
        folds = np.array_split(random.permutation(names), 10)
        right = 0
        for fold in folds:
            test = words.clips.rows_of(fold)
            rows = words.clips.rows_of(np.setdiff1d(names, fold))
            predicted = words.teach(rows, random).predicted(words.features[test])
            right += int((predicted == words.clips.classes[test]).sum())
        say(f'\nten folds over all speakers: {right / len(words.features):.3f}')

    def measure_sounds(self) -> None:
        """Measure other sounds with some clips of each, and with parts of the features."""
        say(f'\n{len(KINDS)} kinds of synthesised sounds')
        material = self.other_sounds()
        numbers = np.arange(len(material.features)) % CLIPS_OF_KIND
        for count in (5, 20):
            found: dict[str, list[float]] = {}
            confused = np.zeros((len(KINDS), len(KINDS)))
            for number in range(SPLITS):
                random = np.random.default_rng((3, number))
                order = random.permutation(CLIPS_OF_KIND)
                pool, test = (
                    np.flatnonzero(np.isin(numbers, some)) for some in (order[:POOL], order[POOL:])
                )
                rows = material.clips.drawn(pool, count, random)
                for name, right in _rights(material, rows, test, random, confused).items():
                    found.setdefault(name, []).append(right)
            _say_rights(count, found)
        for kind, row in zip(material.clips.labels, confused / confused.sum(axis=1), strict=True):
            others = [
                f'{label} {share:.3f}'
                for label, share in zip(material.clips.labels, row, strict=True)
                if share > 0.01 and label != kind
            ]
            right = row[material.clips.labels.index(kind)]
            say(f'  {kind}: {right:.3f}; taken for {", ".join(others) or "no other"}')

    def measure_unknown(self) -> None:
        """Leave out each pair of words."""
        clips, features = self.words.clips, self.words.features
        words = [index for index, label in enumerate(clips.labels) if label != BACKGROUND]
        areas, called, missed = [], [], []
        splits = itertools.cycle(list(self.splits()))
        for pair in itertools.combinations(words, 2):
            random, pool, test = next(splits)
            left_out = np.isin(clips.classes, pair)
            rows = clips.drawn(pool[~left_out[pool]], 10 if self.development else 28, random)
            taught = self.words.teach(rows, random)
            scores = taught.scores(features[test])
            unknown, best = scores[:, -1], scores.argmax(axis=1) == scores.shape[1] - 1
            areas.append(auroc(unknown[~left_out[test]], unknown[left_out[test]]))
            called.append(best[~left_out[test]].mean())
            missed.append(best[left_out[test]].mean())
        say(
            f'\nunknown, {len(areas)} pairs of words left out: AUROC {np.mean(areas):.3f} '
            f'({min(areas):.3f} to {max(areas):.3f}); known called unknown '
            f'{np.mean(called):.3f}; unknown called unknown {np.mean(missed):.3f}'
        )

    def measure_false_words(self) -> None:
        """Count words in minutes of background and of other sounds, as the shipped head does."""
        seed, clips = 5 if self.development else 6, self.words.clips
        noise, kinds = clips.labels.index(BACKGROUND), sorted(set(KINDS) - {BACKGROUND})
        streams = {
            'synthesised noise': synthesised_clips([BACKGROUND], 60, seed),
            'even kinds of sounds': synthesised_clips(kinds[::2], 12, seed),
            'odd kinds of sounds': synthesised_clips(kinds[1::2], 12, seed),
        }
        backgrounds = {
            'background of clips': (),
            'and of even kinds': kinds[::2],
            'and of all kinds': (*kinds, BACKGROUND),
        }
        found: dict[str, list[list[int]]] = {}
        for random, pool, test in self.splits():
            drawn = clips.drawn(pool, 28, random)
            noises = clips.samples[test[clips.classes[test] == noise]]
            for name, more in backgrounds.items():
                material, rows = self.words, drawn
                if more:
                    sounds = synthesised_clips(more, SYNTHESISED, 7)
                    material = material.with_more(BACKGROUND, sounds)
                    rows = np.r_[drawn, len(clips.classes) : len(material.features)]
                real = drawn[clips.classes[drawn] == noise]
                features, used = material.with_copies(rows, random, real)
                taught = material.teach_features(rows, features[:, ALL], used, ALL)
                right = (taught.predicted(self.words.features[test]) == clips.classes[test]).mean()
                for stream, some in {'background clips': noises, **streams}.items():
                    sound = self.backbone(windows_of(composed(list(some), random)))
                    counts = false_words(taught.known_scores(sound), [noise])
                    found.setdefault(f'{name}; {stream}', []).append([*counts, 1000.0 * right])
        say(f'\nfalse words a minute, at the least scores {LEAST_SCORES}, and words right (0/00):')
        for name, counts_of in found.items():
            say(f'  {name}: {np.round(np.mean(counts_of, axis=0), 2)}')

    def measure_voice(self) -> None:
        """Measure the voice detector."""
        clips = self.words.clips
        noise = clips.classes == clips.labels.index(BACKGROUND)
        say('\ncalled speech:')
        for name, share in speech_in(clips.samples[~noise], clips.samples[noise]).items():
            say(f'  {name}: {share:.3f}')

    def measure_cost(self) -> None:
        """Measure the time on one core."""
        say('\nmilliseconds of one core:')
        for name, cost_ms in costs_ms(self.words.clips.samples[0]).items():
            say(f'  {name}: {cost_ms:.2f}')


def _is_development(name: str) -> bool:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 100 < DEVELOPMENT


def _rights(
    material: Material,
    rows: Rows,
    test: Rows,
    random: Generator,
    confused: NDArray[np.float64] | None = None,
) -> dict[str, float]:
    """Compute the mean recall of the classes with each part of the features."""
    features, used = material.with_copies(rows, random)
    truth = material.clips.classes[test]
    rights = {}
    for name, columns in PARTS.items():
        taught = material.teach_features(rows, features[:, columns], used, columns)
        predicted = taught.predicted(material.features[test])
        recalls = [(predicted[truth == one] == one).mean() for one in np.unique(truth)]
        rights[name] = float(np.mean(recalls))
    if confused is not None:
        np.add.at(confused, (truth, predicted), 1.0)
    return rights


def _say_rights(count: int, found: dict[str, list[float]]) -> None:
    for name, values in found.items():
        say(f'  {count} of each, {name}: {np.mean(values):.3f} +- {np.std(values):.3f}')


def main() -> None:
    """Measure as the command line says."""
    names = ('words', 'folds', 'sounds', 'unknown', 'false_words', 'voice', 'cost')
    parser = argparse.ArgumentParser(description='Measure the network for sounds.')
    parser.add_argument('clips', type=Path)
    parser.add_argument('--development', action='store_true')
    parser.add_argument('--only', nargs='+', choices=names, default=names)
    args = parser.parse_args()
    torch.set_num_threads(1)
    evaluation = Evaluation(args.clips, development=args.development)
    for name in args.only:
        getattr(evaluation, f'measure_{name}')()


if __name__ == '__main__':
    main()
