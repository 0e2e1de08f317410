import cv2
from nn_perception.studio.train.details.pictures import encode_png, MAX_KEPT, Pictures
import numpy as np


class FakeRun:
    name = 'run'

    def __init__(self) -> None:
        self.asked: list[int] = []

    def test_picture(self, index: int) -> np.ndarray:
        self.asked.append(index)
        return np.full((4, 4), index % 256, np.uint8)


def test_pictures_stay_as_they_are() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    rgb = np.zeros((2, 2, 3), np.uint8)
    rgb[..., 0] = 200
    for picture, expected in ((grey, grey), (rgb, rgb[..., ::-1])):
        encoded = np.frombuffer(encode_png(picture), np.uint8)
        assert np.array_equal(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED), expected)


def test_large_pictures_become_smaller() -> None:
    encoded = np.frombuffer(encode_png(np.zeros((1000, 500), np.uint8)), np.uint8)
    assert cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED).shape == (256, 128)


def test_a_run_is_asked_once_for_a_picture_that_is_kept() -> None:
    run, pictures = FakeRun(), Pictures()
    assert pictures.png(run, 3) == pictures.png(run, 3)
    assert run.asked == [3]
    for index in range(10, 10 + MAX_KEPT):
        pictures.png(run, index)
    pictures.png(run, 3)
    assert run.asked.count(3) == 2
