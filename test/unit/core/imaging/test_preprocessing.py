from dataclasses import replace

from nn_perception.core.imaging.preprocessing import Preprocessing
import numpy as np
import pytest


def make(
    size=2,
    crop=1.0,
    interpolation='linear',
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    *,
    stretch=False,
):
    return Preprocessing(size, crop, interpolation, mean, std, stretch)


def ramp(height, width):
    """Blue counts pixels from 0, green is 100 more, red 200 more (modulo 256)."""
    blue = np.arange(height * width).reshape(height, width)
    return np.stack([blue, blue + 100, blue + 200], axis=-1).astype(np.uint8)


def test_normalises_and_swaps_colours():
    image = np.array([[[10, 20, 30]]], np.uint8)
    batch = make(size=1, mean=(1, 2, 3), std=(2, 4, 8))([image])
    # red (30 - 1) / 2, green (20 - 2) / 4, blue (10 - 3) / 8
    np.testing.assert_allclose(batch[0, :, 0, 0], [14.5, 4.5, 0.875])


def test_grey_is_the_luma():
    image = np.array([[[10, 20, 30]]], np.uint8)
    preprocessing = make(size=1, mean=(1.5,), std=(2,))
    assert preprocessing.channels == 1
    # 0.299 red + 0.587 green + 0.114 blue
    np.testing.assert_allclose(preprocessing([image]), [[[[(21.85 - 1.5) / 2]]]], rtol=1e-5)
    assert make().channels == 3


def test_grey_of_images_of_several_sizes_and_of_none():
    preprocessing = make(size=4, mean=(0.0,), std=(255.0,))
    images = [np.full((20 + i, 30, 3), 51 * i, np.uint8) for i in range(3)]
    batch = preprocessing([*images, ramp(9, 40)[::-1, ::2]])
    assert batch.shape == (4, 1, 4, 4)
    assert batch.dtype == np.float32
    assert batch.flags.c_contiguous
    np.testing.assert_allclose(batch[:3, 0, 0, 0], [0.0, 0.2, 0.4], rtol=1e-6)
    assert preprocessing([]).shape == (0, 1, 4, 4)


def test_every_pixel_counts_when_shrinking():
    image = np.zeros((8, 8, 3), np.uint8)
    image[0, 0] = 160  # a filter that picks pixels would miss it
    batch = make()([image])
    np.testing.assert_allclose(batch[0, 0], [[160 / 16, 0], [0, 0]])


def test_shrinks_by_averaging_areas():
    batch = make()([ramp(4, 4)])
    # rows 0 1 2 3 / 4 5 6 7 / 8 .. / 12 ..: the mean of 0 1 4 5 is 2.5, and so on
    np.testing.assert_allclose(batch[0, 2], [[2.5, 4.5], [10.5, 12.5]])
    np.testing.assert_allclose(batch[0, 0], batch[0, 2] + 200)


@pytest.mark.parametrize(
    ('height', 'width', 'crop', 'box', 'stretched'),
    [
        (480, 640, 1.0, (80, 0, 480, 480), (0, 0, 640, 480)),
        (480, 640, 0.875, (110, 30, 420, 420), (40, 30, 560, 420)),
        (640, 480, 0.5, (120, 200, 240, 240), (120, 160, 240, 320)),
        (1, 500, 0.875, (249, 0, 1, 1), (31, 0, 438, 1)),
        (1, 1, 0.1, (0, 0, 1, 1), (0, 0, 1, 1)),
        (5, 3, 1.0, (0, 1, 3, 3), (0, 0, 3, 5)),
    ],
)
def test_crop_box(height, width, crop, box, stretched):
    preprocessing = make(crop=crop)
    assert preprocessing.crop_box(height, width) == box
    assert replace(preprocessing, stretch=True).crop_box(height, width) == stretched


def test_stretching_resizes_each_side_separately():
    # Three rows are scaled up to four, eight columns are averaged to four.
    image = np.repeat(np.arange(8, dtype=np.uint8)[None] * 10, 3, axis=0)[..., None].repeat(3, 2)
    found = make(size=4, stretch=True).resized(image)
    np.testing.assert_allclose(found[..., 0], np.tile([5.0, 25.0, 45.0, 65.0], (4, 1)))


def test_the_crop_has_the_pixels_of_its_box():
    image = ramp(6, 8)
    found = make(size=3, crop=0.5).resized(image)
    np.testing.assert_array_equal(found, image[1:4, 2:5])


@pytest.mark.parametrize('interpolation', ['linear', 'cubic'])
@pytest.mark.parametrize('shape', [(1, 1), (1, 300), (300, 1), (2, 3), (223, 225), (7, 1000)])
def test_any_shape_gives_a_contiguous_batch_in_range(shape, interpolation):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    batch = make(size=224, crop=0.875, interpolation=interpolation)([image])
    assert batch.shape == (1, 3, 224, 224)
    assert batch.dtype == np.float32
    assert batch.flags.c_contiguous
    assert batch.min() >= 0.0
    assert batch.max() <= 255.0


def test_images_of_several_sizes_in_one_batch():
    images = [np.full((20 + i, 30, 3), 10 * i, np.uint8) for i in range(3)]
    batch = make(size=4)(images)
    np.testing.assert_allclose(batch[:, 0, 0, 0], [0, 10, 20])
    assert make(size=4)([]).shape == (0, 3, 4, 4)


def test_views_and_read_only_images():
    image = ramp(8, 10)
    preprocessing = make(size=4, crop=0.5)
    for view in (image[::-1, ::-1], image[..., ::-1], image[::2, ::2], ramp(8, 20)[:, ::2]):
        expected = preprocessing([np.array(view, order='C')])
        np.testing.assert_array_equal(preprocessing([view]), expected)
    image.flags.writeable = False
    before = image.copy()
    preprocessing([image])
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    'image',
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_invalid_images_are_rejected(image):
    with pytest.raises(ValueError, match='expected an image'):
        make()([image])


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'size': 0}, 'size must be'),
        ({'crop': 0.0}, 'crop must be'),
        ({'crop': 1.5}, 'crop must be'),
        ({'interpolation': 'lanczos'}, "got 'lanczos'"),
        ({'std': (1.0, 0.0, 1.0)}, 'positive'),
        ({'mean': (float('nan'), 0.0, 0.0)}, 'finite'),
        ({'mean': (float('inf'),), 'std': (1.0,)}, 'finite'),
        ({'mean': (0.0,)}, 'three values each, or one each for grey, got 1 and 3'),
        ({'mean': (0.0, 0.0), 'std': (1.0, 1.0)}, 'got 2 and 2'),
        ({'mean': (), 'std': ()}, 'got 0 and 0'),
    ],
)
def test_invalid_values_are_rejected(change, reason):
    with pytest.raises(ValueError, match=reason):
        make(**change)


def test_json_round_trip_and_its_errors():
    stretched = make(stretch=True)
    assert Preprocessing.from_json(stretched.to_json()) == stretched
    # Older checkpoints do not have this field.
    assert 'stretch' not in make().to_json()
    grey = make(size=28, mean=(33.3,), std=(78.5,))
    assert grey.to_json()['mean'] == [33.3]
    assert Preprocessing.from_json(grey.to_json()) == grey
    preprocessing = make(size=7, crop=0.9, mean=(1, 2, 3), std=(4, 5, 6))
    values = preprocessing.to_json()
    assert Preprocessing.from_json(values) == preprocessing
    with pytest.raises(ValueError, match='got 2 and 3'):
        Preprocessing.from_json(values | {'mean': [1, 2]})
    with pytest.raises(ValueError, match="lacks 'std'"):
        Preprocessing.from_json({key: values[key] for key in values if key != 'std'})
    with pytest.raises(ValueError, match='must be an object'):
        Preprocessing.from_json([1])
    with pytest.raises(ValueError, match='malformed'):
        Preprocessing.from_json(values | {'mean': 3})


def test_a_thing_on_a_plain_ground_is_cut_out():
    image = np.full((40, 60, 3), 250, np.uint8)
    image[4:12, 40:48] = 50
    preprocessing = Preprocessing(4, 1.0, 'linear', (0.0,), (1.0,), foreground=True)
    np.testing.assert_allclose(preprocessing([image]), np.full((1, 1, 4, 4), 200.0), atol=0.1)
    assert Preprocessing.from_json(preprocessing.to_json()) == preprocessing
    assert 'foreground' not in make().to_json()
    with pytest.raises(ValueError, match='foreground needs a single mean, for grey input'):
        replace(make(), foreground=True)
