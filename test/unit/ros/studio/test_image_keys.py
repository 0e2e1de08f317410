"""Results find their images by stamp and frame."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from nn_perception.ros.studio.image_keys import ImageKey, MAX_EARLY, MAX_IMAGES, RecentImages
from std_msgs.msg import Header


def test_key_of_a_header() -> None:
    header = Header(stamp=Time(sec=3, nanosec=5), frame_id='front')
    assert ImageKey.of(header) == (3_000_000_005, 'front')
    assert ImageKey.of(Header()) == (0, '')


def test_a_result_belongs_to_the_image_with_its_stamp_and_frame() -> None:
    images: RecentImages[str] = RecentImages()
    assert images.add_image(ImageKey(1, 'front')) == []
    assert images.add_result(ImageKey(1, 'front'), 'tags')
    assert not images.add_result(ImageKey(1, 'rear'), 'tags')
    assert not images.add_result(ImageKey(2, 'front'), 'tags')


def test_a_result_may_come_before_its_image_once() -> None:
    images: RecentImages[str] = RecentImages()
    for result in ('tags', 'poses'):
        assert not images.add_result(ImageKey(2, 'front'), result)
    assert not images.add_result(ImageKey(3, 'front'), 'late')
    assert images.add_image(ImageKey(1, 'front')) == []
    assert images.add_image(ImageKey(2, 'front')) == ['tags', 'poses']
    assert images.add_image(ImageKey(2, 'front')) == []
    assert images.add_image(ImageKey(3, 'front')) == ['late']


def test_memory_is_bounded() -> None:
    images: RecentImages[int] = RecentImages()
    for stamp in range(1, 2 * MAX_IMAGES + 1):
        images.add_image(ImageKey(stamp, ''))
    assert not images.add_result(ImageKey(MAX_IMAGES, ''), 0)
    assert images.add_result(ImageKey(MAX_IMAGES + 1, ''), 0)
    images.clear()
    for stamp in range(1, 2 * MAX_EARLY + 1):
        assert not images.add_result(ImageKey(stamp, ''), stamp)
    assert images.add_image(ImageKey(MAX_EARLY, '')) == []
    assert images.add_image(ImageKey(MAX_EARLY + 1, '')) == [MAX_EARLY + 1]


def test_without_a_stamp_nothing_waits() -> None:
    images: RecentImages[str] = RecentImages()
    assert not images.add_result(ImageKey(0, 'front'), 'tags')
    assert images.add_image(ImageKey(0, 'front')) == []
