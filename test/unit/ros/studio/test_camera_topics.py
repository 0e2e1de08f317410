"""Which topics are cameras."""

from __future__ import annotations

from nn_perception.ros.studio.camera_topics import camera_topics, CameraTopic
import pytest

RAW, COMPRESSED = ['sensor_msgs/msg/Image'], ['sensor_msgs/msg/CompressedImage']


@pytest.mark.parametrize(
    ('topics', 'cameras'),
    [
        ([], []),
        ([('/rosout', ['rcl_interfaces/msg/Log'])], []),
        ([('/image', RAW)], [('/image', True, False, 'raw')]),
        (
            [('/image/compressed', COMPRESSED), ('/image', RAW)],
            [('/image', True, True, 'compressed')],
        ),
        ([('/front/compressed', COMPRESSED)], [('/front', False, True, 'compressed')]),
        ([('/jpegs', COMPRESSED)], [('/jpegs', False, True, 'compressed')]),
        # A type of its own, and what is no picture.
        ([('/image/compressed', RAW)], [('/image/compressed', True, False, 'raw')]),
        ([('/image/theora', ['theora_image_transport/msg/Packet'])], []),
        ([('/depth/image/compressedDepth', COMPRESSED)], []),
        # Drawn results, of one and of several cameras.
        ([('/tagger/overlay', RAW), ('/tagger/front/overlay', RAW)], []),
        ([('/tagger/overlay/compressed', COMPRESSED)], []),
        ([('/overlay_camera/image', RAW)], [('/overlay_camera/image', True, False, 'raw')]),
        # By name, and depth last.
        (
            [('/a/depth/image_raw', RAW), ('/b', RAW), ('/c/image', RAW), ('/a/image', RAW)],
            [
                ('/a/image', True, False, 'raw'),
                ('/b', True, False, 'raw'),
                ('/c/image', True, False, 'raw'),
                ('/a/depth/image_raw', True, False, 'raw'),
            ],
        ),
    ],
)
def test_cameras_of_a_graph(
    topics: list[tuple[str, list[str]]], cameras: list[tuple[str, bool, bool, str]]
) -> None:
    found = camera_topics(topics)
    assert found == [CameraTopic(*camera[:3]) for camera in cameras]
    assert [camera.transport for camera in found] == [camera[3] for camera in cameras]
