"""
The Gazebo world and its bridge to ROS.

Gazebo has no wheel, so the world is parsed here. Where the command of libsdformat is installed,
it has to accept the world too.
"""

from __future__ import annotations

from collections.abc import Iterator
import importlib
from pathlib import Path
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import cv2
from nn_perception.ros.nodes.camera_source import FRAME_ID
from patience import HANGS_S
import pytest
import yaml

SYSTEMS = {
    'gz-sim-physics-system': 'gz::sim::systems::Physics',
    'gz-sim-user-commands-system': 'gz::sim::systems::UserCommands',
    'gz-sim-scene-broadcaster-system': 'gz::sim::systems::SceneBroadcaster',
    'gz-sim-sensors-system': 'gz::sim::systems::Sensors',
}
# What an rgbd_camera publishes below its topic, with the types as the bridge names them.
RGBD_TOPICS = {
    'image': ('sensor_msgs/msg/Image', 'gz.msgs.Image'),
    'depth_image': ('sensor_msgs/msg/Image', 'gz.msgs.Image'),
    'camera_info': ('sensor_msgs/msg/CameraInfo', 'gz.msgs.CameraInfo'),
}
CLOCK = {'/clock': ('rosgraph_msgs/msg/Clock', 'gz.msgs.Clock')}


@pytest.fixture(scope='module')
def world_file(repository: Path) -> Path:
    return repository / 'worlds' / 'perception.sdf'


@pytest.fixture(scope='module')
def world(world_file: Path) -> ElementTree.Element:
    root = ElementTree.parse(world_file).getroot()
    assert (root.tag, root.get('version')) == ('sdf', '1.9')
    found = root.find('world')
    assert found is not None
    return found


def number(element: ElementTree.Element, path: str) -> float:
    return float(element.findtext(path, 'nan'))


def test_the_systems_of_gazebo(world: ElementTree.Element) -> None:
    assert {p.get('filename'): p.get('name') for p in world.iterfind('plugin')} == SYSTEMS
    assert world.findtext('plugin/render_engine') == 'ogre2'


def test_the_camera_suits_the_package(world: ElementTree.Element) -> None:
    (sensor,) = world.iter('sensor')
    assert sensor.get('type') == 'rgbd_camera'
    assert number(sensor, 'update_rate') == 30
    size = [number(sensor, f'camera/image/{side}') for side in ('width', 'height')]
    assert size == [640, 480]
    assert 0.8 < number(sensor, 'camera/horizontal_fov') < 1.4
    assert sensor.findtext('gz_frame_id') == FRAME_ID
    # With longer steps the frame rate would be uneven.
    assert number(world, 'physics/max_step_size') < 0.005


def test_every_picture_exists_and_keeps_its_aspect_ratio(
    world: ElementTree.Element, repository: Path
) -> None:
    boards = [
        visual for visual in world.iter('visual') if visual.find('.//albedo_map') is not None
    ]
    names = []
    for board in boards:
        scheme, name = board.findtext('.//albedo_map').split('://')
        assert scheme == 'model' and name.startswith('nn_perception/samples/')
        picture = cv2.imread(str(repository / name))
        assert picture is not None, name
        depth, width, height = map(float, board.findtext('geometry/box/size').split())
        assert depth < 0.05
        assert width / height == pytest.approx(picture.shape[1] / picture.shape[0], rel=0.01)
        names.append(name)
    assert any('/digits/' in name for name in names)
    assert len(names) == len(set(names)) >= 3


def test_nothing_is_downloaded(world: ElementTree.Element) -> None:
    """The world needs no network."""
    assert not list(world.iter('include'))
    assert 'http' not in ElementTree.tostring(world, encoding='unicode')


def sdf_commands() -> Iterator[str]:
    """Find the command of libsdformat 12 or newer: of Gazebo, or of Fortress and Debian."""
    for command in filter(shutil.which, ('gz', 'ign')):
        versions = subprocess.run(
            [command, 'sdf', '--versions'], capture_output=True, text=True, timeout=HANGS_S
        )
        if any(int(major) >= 12 for major in re.findall(r'^(\d+)\.', versions.stdout, re.M)):
            yield command


if SDF_COMMANDS := list(sdf_commands()):

    @pytest.mark.parametrize('command', SDF_COMMANDS)
    def test_libsdformat_accepts_the_world(command: str, world_file: Path) -> None:
        checked = subprocess.run(
            [command, 'sdf', '--check', str(world_file)],
            capture_output=True,
            text=True,
            timeout=HANGS_S,
        )
        assert checked.returncode == 0 and 'Valid.' in checked.stdout, checked.stderr
        # SDF does not define gz_frame_id, but Gazebo reads it; nothing else sets the frame in
        # every version of Gazebo.
        warnings = [line for line in checked.stderr.splitlines() if 'Warning' in line]
        assert [line for line in warnings if 'XML Element[gz_frame_id]' not in line] == []


def test_the_bridge_forwards_the_topics_of_the_camera(
    world: ElementTree.Element, repository: Path
) -> None:
    entries = yaml.safe_load((repository / 'config' / 'gazebo_bridge.yaml').read_text())
    (sensor,) = world.iter('sensor')
    topics = {f'/{sensor.findtext("topic")}/{name}': types for name, types in RGBD_TOPICS.items()}
    forwarded = {e['gz_topic_name']: (e['ros_type_name'], e['gz_type_name']) for e in entries}
    assert forwarded == topics | CLOCK
    for entry in entries:
        assert entry['direction'] == 'GZ_TO_ROS'
        package, _, kind = entry['ros_type_name'].split('/')
        assert hasattr(importlib.import_module(f'{package}.msg'), kind)
        # Relative, so that a namespace applies; the clock is global.
        expected = entry['gz_topic_name'].lstrip('/')
        if expected == 'clock':
            expected = '/clock'
        assert entry['ros_topic_name'] == expected
