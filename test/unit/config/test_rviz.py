"""Everything that rviz shows exists: topics, message types, frame, and a place in the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any

from nn_perception.ros.nodes.camera_source import FRAME_ID
from nn_perception.ros.nodes.digit_reader import DigitReaderNode
from nn_perception.ros.nodes.pose_estimator import PoseEstimatorNode
from nn_perception.ros.nodes.tagger import TaggerNode
import pytest
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
import yaml

# The least strict QoS of a camera.
CAMERA_QOS = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.VOLATILE,
)


@pytest.fixture(scope='module')
def config(repository: Path) -> dict[str, Any]:
    return yaml.safe_load((repository / 'config' / 'perception.rviz').read_text())


@pytest.fixture(scope='module')
def published() -> Iterator[dict[str, tuple[str, QoSProfile]]]:
    """Map the topics that the nodes publish to their type and QoS."""
    rclpy.init()
    nodes = [TaggerNode(), DigitReaderNode(), PoseEstimatorNode()]
    offers = {}
    for node in nodes:
        for topic, _ in node.get_publisher_names_and_types_by_node(node.get_name(), '/'):
            for offer in node.get_publishers_info_by_topic(topic):
                if offer.node_name == node.get_name():
                    offers[topic.lstrip('/')] = (offer.topic_type, offer.qos_profile)
    yield offers
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown()


def displays(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Map the names of the displays with a topic to their settings."""
    shown = config['Visualization Manager']['Displays']
    assert all(display['Enabled'] for display in shown)
    return {display['Name']: display for display in shown if 'Topic' in display}


MESSAGES = {
    'rviz_default_plugins/Image': 'sensor_msgs/msg/Image',
    'rviz_default_plugins/MarkerArray': 'visualization_msgs/msg/MarkerArray',
}


def test_every_display_receives_what_a_node_publishes(
    config: dict[str, Any], published: dict[str, tuple[str, QoSProfile]]
) -> None:
    # The images of the camera itself.
    camera = {'image': (MESSAGES['rviz_default_plugins/Image'], CAMERA_QOS)}
    for display in displays(config).values():
        topic = display['Topic']
        # A relative name follows the namespace and the remappings of rviz.
        kind, offered = (published | camera)[topic['Value']]
        assert kind == MESSAGES[display['Class']]
        if topic['Reliability Policy'] != 'Best Effort':
            assert offered.reliability == ReliabilityPolicy.RELIABLE
        assert topic['Durability Policy'] == 'Volatile'


def test_all_overlays_and_markers_are_shown(
    config: dict[str, Any], published: dict[str, tuple[str, QoSProfile]]
) -> None:
    drawn = {topic for topic, (kind, _) in published.items() if kind in MESSAGES.values()}
    assert len(drawn) == 4
    assert {d['Topic']['Value'] for d in displays(config).values()} == drawn | {'image'}


def test_the_view_is_from_behind_the_camera(config: dict[str, Any]) -> None:
    manager = config['Visualization Manager']
    assert manager['Global Options']['Fixed Frame'] == FRAME_ID
    assert 'rviz_default_plugins/TF' in [display['Class'] for display in manager['Displays']]
    view = manager['Views']['Current']
    assert view['Class'] == 'rviz_default_plugins/Orbit'
    # In an optical frame, whose y points down, rviz looks from below to see the scene upright.
    assert -1.57 < view['Pitch'] < -1.0
    assert view['Yaw'] == pytest.approx(1.5 * 3.141593, abs=1e-3)


def test_every_image_has_its_place_in_the_window(config: dict[str, Any]) -> None:
    window = config['Window Geometry']
    state = bytes.fromhex(window['QMainWindow State'])
    # Qt writes the names of the docks as their length in bytes and UTF-16.
    names = re.findall(rb'\xfb(.{4}((?:\0[A-Za-z])+))', state, re.DOTALL)
    placed = {name.decode('utf-16-be') for _, name in names}
    pictures = {n for n, d in displays(config).items() if d['Class'].endswith('/Image')}
    assert placed == pictures | {'Displays'}
    assert not any(window[name]['collapsed'] for name in placed)
