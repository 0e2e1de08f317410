"""Cut a single thing out of a picture with a plain ground."""

from __future__ import annotations

from nn_perception.core.imaging.foreground import cut_out
import numpy as np
import pytest

HEIGHT, WIDTH = 120, 160


def picture(ground=(200, 200, 200), thing=(40, 40, 40), slope=0.0, noise=0.0):
    """Draw a T of 60 x 40 pixels, whose foot is 20 wide, off the centre."""
    random = np.random.default_rng(0)
    image = np.broadcast_to(np.float64(ground), (HEIGHT, WIDTH, 3)).copy()
    image *= 1.0 + slope * (np.arange(WIDTH) / WIDTH - 0.5)[:, None]
    image[10:20, 90:130] = thing
    image[20:70, 100:120] = thing
    image += random.normal(0.0, 1.0, image.shape) * noise
    return np.clip(image, 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize(
    ('ground', 'thing', 'difference'),
    [
        ((200, 200, 200), (40, 40, 40), 160),
        ((10, 10, 10), (240, 230, 220), 230),
        ((120, 120, 120), (20, 20, 20), 100),
        # As bright as its ground, of another colour.
        ((60, 120, 180), (180, 120, 60), 120),
    ],
)
def test_what_differs_fills_a_square_of_zeros(ground, thing, difference):
    square = cut_out(picture(ground, thing))
    assert square.shape == (60, 60)
    assert square.dtype == np.float32
    expected = np.zeros((60, 60))
    expected[:10, 10:50] = difference
    expected[10:, 20:40] = difference
    # Its edges may be softer.
    assert (np.abs(square - expected) > 2).mean() < 0.12
    np.testing.assert_allclose(square[15:55, 25:35], difference, atol=2)


def test_a_negative_gives_the_same():
    image = picture(noise=3.0)
    np.testing.assert_allclose(cut_out(image), cut_out(255 - image), atol=0.01)


def test_light_from_one_side_and_noise_are_not_the_thing():
    square = cut_out(picture(slope=0.3, noise=4.0))
    assert abs(square.shape[0] - 60) <= 4
    corner = square[30:, :8]
    assert (corner > 0).mean() < 0.02


def test_specks_do_not_count():
    image = picture()
    image[100, 5] = image[110:112, 150] = 0
    assert cut_out(image).shape == cut_out(picture()).shape


def test_a_thing_that_touches_all_edges_stays_whole():
    """Pictures of Fashion-MNIST fill their square, on a ground of exactly zero."""
    image = np.zeros((28, 28, 3), np.uint8)
    image[:, 4:24] = 90
    image[3:12, :] = 130
    np.testing.assert_allclose(cut_out(image), image[..., 0], atol=1.0)


def test_large_pictures_are_shrunk_first():
    image = np.full((1500, 2000, 3), 200, np.uint8)
    image[300:1200, 500:1000] = 20
    square = cut_out(image)
    assert square.shape == pytest.approx((144, 144), abs=2)
    assert square[72, 72] == pytest.approx(180, abs=1)


@pytest.mark.parametrize('shape', [(1, 1), (1, 50), (50, 1), (2, 3), (28, 28), (600, 9)])
def test_pictures_without_anything(shape):
    square = cut_out(np.full((*shape, 3), 77, np.uint8))
    assert square.shape[0] == square.shape[1] >= 1
    assert not square.any()


def test_any_noise_is_a_picture():
    random = np.random.default_rng(1)
    for _ in range(30):
        height, width = random.integers(1, 90, 2)
        square = cut_out(random.integers(0, 256, (height, width, 3), np.uint8))
        assert np.isfinite(square).all()
        assert 0 <= square.min() <= square.max() <= 255
