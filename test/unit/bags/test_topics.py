"""Names of the topics that a bag gets."""

from __future__ import annotations

from nn_perception.bags.topics import camera_prefixes, DIGIT_TOPICS, ResultTopics


def test_a_camera_is_named_by_its_namespace() -> None:
    assert camera_prefixes(['/front/image']) == {'/front/image': ''}
    both = ['/robot/front/image_raw', '/robot/rear/image_raw/compressed']
    assert list(camera_prefixes(both).values()) == ['robot/front/', 'robot/rear/']
    both = ['/cam/image_raw', '/cam/image_raw/compressed']
    assert list(camera_prefixes(both).values()) == ['cam/image_raw/', 'cam/image_raw/compressed/']
    assert list(camera_prefixes(['/image', '/cam/image']).values()) == ['image/', 'cam/image/']


def test_each_camera_has_topics_of_its_own() -> None:
    topics = ResultTopics(['/left/image', '/right/image'], DIGIT_TOPICS)
    left = ['/digit_reader/left/digits', '/digit_reader/left/text']
    assert list(topics.of['/left/image']) == left
    assert list(topics.all) == [*left, '/digit_reader/right/digits', '/digit_reader/right/text']
    assert set(topics.all.values()) == set(DIGIT_TOPICS.values())
