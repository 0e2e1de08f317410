"""The user's labelled frames as samples of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.datasets.checks import check_frames, check_labels, CheckedFrames
from nn_perception.training.datasets.labelled_frames import LabelledFrame, Listing
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.datasets.split import find_bursts, split_frames
from nn_perception.training.runs.data.samples import RunData, Samples, split_validation
import numpy as np
from numpy.typing import NDArray

# Of all frames, and of those that are left.
TEST_FRACTION, VALIDATION_FRACTION = 0.2, 0.25
# One to train with, one to validate with, one to test with, and one more.
MIN_FRAMES = 4
# 250 MB of pictures.
MAX_FRAMES = 20_000
# The whole frame, as in fine-tuning.
PREPROCESSING = Preprocessing(
    size=64,
    crop=1.0,
    interpolation='linear',
    mean=(127.5, 127.5, 127.5),
    std=(64.0, 64.0, 64.0),
    stretch=True,
)


def check_enough(listing: Listing) -> tuple[str, ...]:
    """
    Check, without reading pictures, that frames are enough for a run.

    :returns: their labels
    :raises ValueError: if they are not
    """
    if listing.medium is not IMAGES:
        raise ValueError(f'a run learns from pictures; these are {listing.medium.words.files}')
    check_labels(listing.frames, listing.left_out)
    counts = Counter(frame.label for frame in listing.frames)
    few = [f"'{label}' ({count})" for label, count in counts.items() if count < MIN_FRAMES]
    if few:
        raise ValueError(
            f'a run needs at least {MIN_FRAMES} frames of each label; there are too few of '
            f'{", ".join(few[:5])}'
        )
    if len(listing.frames) > MAX_FRAMES:
        raise ValueError(
            f'a run holds its pictures in memory, at most {MAX_FRAMES} frames, and there are '
            f'{len(listing.frames)}; fine-tuning has no such limit'
        )
    return tuple(sorted(counts))


def estimated_counts(listing: Listing) -> tuple[int, int, int]:
    """Estimate the numbers of training, validation and test samples of a run."""
    count = len(listing.frames)
    test = round(TEST_FRACTION * count)
    validation = round(VALIDATION_FRACTION * (count - test))
    return count - test - validation, validation, test


def open_frames(
    name: str,
    listing: Listing,
    seed: int,
    limit: int,
    on_progress: Callable[[float], None] = lambda _: None,
) -> RunData:
    """
    Read frames, and split them by bursts, as fine-tuning does.

    :param name: as in :class:`RunData`
    :param listing: what the dataset holds
    :param on_progress: gets the finished share of the work, in ``[0, 1]``
    :raises OSError: if the network that compares frames, or a picture, cannot be read
    :raises ValueError: if the frames cannot be trained on, or a picture is damaged
    :raises RuntimeError: if the network that compares frames cannot be run
    """
    check_enough(listing)
    checked = check_frames(
        listing.frames,
        find_checkpoint(DEFAULT_MODEL),
        on_progress=lambda done: on_progress(0.5 * done),
    )
    check_enough(Listing(tuple(checked.frames), (), complete=True))
    training, validation, test, warnings = _split(checked, seed)
    samples = Samples(_read(checked.frames, on_progress), checked.classes)
    # The frames come label by label, and `limit` must not leave some out.
    training = np.random.default_rng([seed, len(training)]).permutation(training)
    to_train, to_validate = split_validation(samples, validation, training, limit)
    return RunData(
        name=name,
        title=name.partition(':')[2],
        labels=checked.labels,
        preprocessing=PREPROCESSING,
        training=to_train,
        validation=to_validate,
        test=samples.take(test),
        warnings=(*listing.left_out, *checked.warnings, *warnings),
    )


def _split(
    checked: CheckedFrames, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Return the indices of training, validation and test frames, and warnings."""
    bursts = find_bursts(checked.frames, checked.similarity)
    outer = split_frames(checked.frames, bursts, TEST_FRACTION, seed)
    rest = [checked.frames[index] for index in outer.training]
    inner = split_frames(rest, bursts[outer.training], VALIDATION_FRACTION, seed)
    return (
        outer.training[inner.training],
        outer.training[inner.held_out],
        outer.held_out,
        list(dict.fromkeys([*outer.warnings(), *inner.warnings()])),
    )


def _read(
    frames: Sequence[LabelledFrame], on_progress: Callable[[float], None]
) -> NDArray[np.uint8]:
    size = PREPROCESSING.size
    images = np.zeros((len(frames), size, size, 3), np.uint8)
    for at, frame in enumerate(frames):
        square = PREPROCESSING.resized(read_image(Path(frame.path))).round().astype(np.uint8)
        images[at] = cv2.cvtColor(square, cv2.COLOR_BGR2RGB)
        on_progress(0.5 + 0.5 * (at + 1) / len(frames))
    return images
