"""What the digit networks learn from."""

from __future__ import annotations

from pathlib import Path

import cv2
from nn_perception.training.digits.augmentation import augment, MILD, STRONG
from nn_perception.training.digits.clutter import (
    cut_from,
    draw_clutter,
    joined_digits,
    SAMPLES,
    without_bars,
)
from nn_perception.training.digits.pen_digits import FORMS, pen_digit, smooth_curve
from nn_perception.training.digits.printed_digits import LETTERS, printed, SIGNS
from nn_perception.training.digits.training_set import (
    CLUTTER,
    NOT_A_DIGIT,
    PEN,
    PRINT,
    TrainingSet,
)
import numpy as np
import pytest
import torch

DIGITS = 600


@pytest.fixture(scope='module')
def samples() -> TrainingSet:
    random = np.random.default_rng(0)
    labels = np.arange(DIGITS) % 10
    images = np.stack([pen_digit(int(label), random) * 255 for label in labels])
    return TrainingSet(images.astype(np.uint8), labels, clutter=SAMPLES[:1], seed=5)


def is_patch(images: np.ndarray) -> bool:
    return images.dtype == np.float32 and images.min() >= 0.0 and images.max() <= 1.0


def test_batches_have_the_expected_types(samples: TrainingSet) -> None:
    images, labels = samples.batch(0, 0, 64)
    assert images.shape == (64, 1, 28, 28)
    assert images.dtype == torch.float32
    assert is_patch(images.numpy())
    assert labels.dtype == torch.int64
    assert int(labels.min()) >= 0
    assert int(labels.max()) <= NOT_A_DIGIT


def test_a_batch_depends_only_on_its_position(samples: TrainingSet) -> None:
    images, labels = samples.batch(3, 2, 32)
    samples.batch(0, 0, 32)
    torch.manual_seed(99)
    again, same = samples.batch(3, 2, 32)
    assert torch.equal(images, again)
    assert torch.equal(labels, same)
    for place in ((3, 1), (2, 2)):
        assert not torch.equal(images, samples.batch(*place, 32)[0]), place


def test_an_epoch_contains_each_mnist_image_once(samples: TrainingSet) -> None:
    plain = TrainingSet(
        np.arange(DIGITS, dtype=np.uint32).view(np.uint8).reshape(DIGITS, 2, 2),
        np.zeros(DIGITS, np.int64),
        augmented=False,
    )
    assert len(plain) == DIGITS
    seen = torch.cat([plain.batch(0, step, 50)[0] for step in range(plain.steps(50))])
    assert len({tuple(image.ravel().tolist()) for image in seen}) == DIGITS
    assert len(samples) == pytest.approx((1 + PRINT + PEN + CLUTTER) * DIGITS, abs=2)


def test_the_last_epochs_are_augmented_less() -> None:
    random = np.random.default_rng(2)
    image = (pen_digit(5, random) * 255).astype(np.uint8)
    samples = TrainingSet(
        np.repeat(image[None], 300, axis=0), np.full(300, 5), seed=1, settling_from=1
    )

    def difference(epoch: int) -> float:
        images, labels = samples.batch(epoch, 0, 300)
        own = images[labels == 5] * 255.0
        return float((own - torch.from_numpy(image)).abs().mean())

    assert difference(1) < 0.9 * difference(0)
    assert difference(2) == pytest.approx(difference(1), rel=0.1)


def test_an_epoch_contains_all_kinds(samples: TrainingSet) -> None:
    labels = torch.cat([samples.batch(0, step, 32)[1] for step in range(samples.steps(32))])
    counts = torch.bincount(labels, minlength=11)
    assert (counts[:10] > 40).all()
    assert counts[NOT_A_DIGIT] == pytest.approx(CLUTTER * DIGITS, rel=0.2)


@pytest.mark.parametrize('how', [MILD, STRONG])
def test_augmentation_keeps_digits_legible(how: object) -> None:
    random = np.random.default_rng(1)
    digit = torch.from_numpy(pen_digit(3, random)).repeat(200, 1, 1, 1)
    varied = augment(digit.clone(), how, torch.Generator().manual_seed(0))  # type: ignore[arg-type]
    assert varied.shape == digit.shape
    assert is_patch(varied.numpy())
    assert len({image.numpy().tobytes() for image in varied}) == 200
    ink = varied.sum(dim=(1, 2, 3)) / digit.sum(dim=(1, 2, 3))
    assert float(ink.min()) > 0.2
    assert float(ink.max()) < 3.0
    # The mean of all variants is still the digit.
    mean, truth = varied.mean(dim=0).ravel(), digit[0].ravel()
    assert float(torch.corrcoef(torch.stack([mean, truth]))[0, 1]) > 0.8


@pytest.mark.parametrize('digit', range(10))
def test_pen_digits_are_like_mnist(digit: int) -> None:
    random = np.random.default_rng(digit)
    written = np.stack([pen_digit(digit, random) for _ in range(8 * len(FORMS[digit]))])
    assert is_patch(written)
    assert len({image.tobytes() for image in written}) == len(written)
    for image in written:
        inked = np.argwhere(image > 0.2)
        assert 18 <= (np.ptp(inked, axis=0) + 1).max() <= 20


def test_a_curve_passes_through_its_points() -> None:
    points = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]])
    path = smooth_curve(points)
    assert path.shape == (21, 2)
    np.testing.assert_allclose(path[[0, 10, 20]], points, atol=1e-12)


def test_print_has_every_sign_in_many_fonts() -> None:
    images, places = printed('0123456789')
    assert is_patch(images)
    assert (np.bincount(places) >= 20).all()
    assert not set('0123456789') & set(LETTERS + SIGNS)


def test_clutter_is_not_a_plain_bar() -> None:
    bars = np.zeros((6, 28, 28), np.float32)
    for i, image in enumerate(bars):
        cv2.line(image, (14 - 2 * i, 4), (14 + 2 * i, 24), 1.0, 1 + i % 2)
    assert len(without_bars(bars)) == 0
    ring = np.zeros((1, 28, 28), np.float32)
    cv2.circle(ring[0], (14, 14), 8, 1.0, 2)
    assert len(without_bars(ring)) == 1
    drawn = draw_clutter(160, np.random.default_rng(0))
    assert is_patch(drawn)
    assert 120 < len(drawn) <= 160
    assert drawn.max(axis=(1, 2)).min() > 0.5


def test_joined_digits_fill_a_patch() -> None:
    random = np.random.default_rng(0)
    digits = np.stack([pen_digit(i, random) * 255 for i in range(10)]).astype(np.uint8)
    joined = joined_digits(digits, 20, random)
    assert joined.shape == (20, 28, 28)
    assert is_patch(joined)


def test_clutter_is_cut_from_photographs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = tmp_path / 'broken.jpg'
    broken.write_bytes(b'no picture')
    cut = cut_from([*SAMPLES[:2], broken], np.random.default_rng(0))
    assert 100 < len(cut) <= 600
    assert is_patch(cut)
    assert 'broken.jpg' in caplog.text
    assert cut_from([], np.random.default_rng(0)).shape == (0, 28, 28)
    assert all(path.is_file() for path in SAMPLES)
