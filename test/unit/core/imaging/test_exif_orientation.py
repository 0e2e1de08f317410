"""Results of upright images, mapped to the stored image."""

import cv2
from nn_perception.core.imaging.exif_orientation import (
    person_to_stored,
    read_orientation,
    to_stored,
)
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.results import Keypoint, Person
import numpy as np
from PIL import Image as Pillow
import pytest


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_boxes_and_keypoints_are_mapped_to_the_stored_image(tmp_path, orientation, suffix):
    stored = np.full((64, 96, 3), 255, np.uint8)
    stored[8:24, 40:48] = 0  # left 40, top 8, width 8, height 16
    path = tmp_path / f'image.{suffix}'
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.fromarray(stored).save(path, exif=exif)
    upright = read_image(path)
    height, width = upright.shape[:2]
    assert (width, height) == ((64, 96) if orientation > 4 else (96, 64))
    box = cv2.boundingRect((upright[..., 0] < 128).astype(np.uint8))
    assert read_orientation(path) == orientation
    assert to_stored(box, orientation, (width, height)) == (40, 8, 8, 16)
    # A keypoint in the centre of the box is mapped in the same way.
    centre = Keypoint(box[0] + box[2] / 2, box[1] + box[3] / 2, 0.7)
    person = person_to_stored(Person(0.5, box, (centre,) * 17), orientation, (width, height))
    assert person == Person(0.5, (40, 8, 8, 16), (Keypoint(44.0, 16.0, 0.7),) * 17)


def test_without_exif_data_the_image_is_upright(tmp_path):
    path = tmp_path / 'image.png'
    Pillow.fromarray(np.zeros((4, 4), np.uint8)).save(path)
    assert read_orientation(path) == 1
    path.write_bytes(b'not an image')
    assert read_orientation(path) == 1
    assert read_orientation(tmp_path / 'missing.jpg') == 1


@pytest.mark.parametrize('value', [0, 9, 700])
def test_invalid_orientations_are_ignored(tmp_path, value):
    path = tmp_path / 'image.jpg'
    exif = Pillow.Exif()
    exif[0x0112] = value
    Pillow.fromarray(np.zeros((4, 4), np.uint8)).save(path, exif=exif)
    assert read_orientation(path) == 1
