"""
What gazebo.launch.py starts.

``launch_ros`` and Gazebo have no wheels; stand-ins keep their arguments. Where ``launch_ros`` is
installed, the real one has to read the file too.
"""

from __future__ import annotations

from collections.abc import Callable
import importlib.util
from pathlib import Path
import re
import runpy
import shlex
import sys
from types import ModuleType, SimpleNamespace
from typing import Any
import xml.etree.ElementTree as ElementTree

import ament_index_python.packages as packages
from nn_perception.ros.nodes.camera_source import FRAME_ID
import pytest
import yaml


def stand_in(kind: str) -> Callable[..., SimpleNamespace]:
    """Make a class that keeps its arguments."""
    return lambda *given, **named: SimpleNamespace(kind=kind, given=given, **named)


LAUNCH = {
    'launch': 'LaunchContext LaunchDescription',
    'launch.actions': 'AppendEnvironmentVariable DeclareLaunchArgument IncludeLaunchDescription '
    'OpaqueFunction',
    'launch.launch_description_sources': 'PythonLaunchDescriptionSource',
    'launch.substitutions': 'LaunchConfiguration',
    'launch_ros': '',
    'launch_ros.actions': 'Node',
}


@pytest.fixture
def launch_file(
    monkeypatch: pytest.MonkeyPatch, repository: Path
) -> Callable[..., dict[str, Any]]:
    """Return a function that runs the launch file with stand-ins, given the installed packages."""

    def run(*installed: str) -> dict[str, Any]:
        for module, names in LAUNCH.items():
            fake = ModuleType(module)
            vars(fake).update({name: stand_in(name) for name in names.split()})
            monkeypatch.setitem(sys.modules, module, fake)

        def share(package: str) -> str:
            if package not in installed:
                raise packages.PackageNotFoundError(package)
            return f'/opt/ros/{package}'

        monkeypatch.setattr(packages, 'get_package_share_directory', share)
        return runpy.run_path(str(repository / 'launch' / 'gazebo.launch.py'))

    return run


GAZEBO = ('ros_gz_sim', 'ros_gz_bridge')


def started(launched: dict[str, Any], **values: str) -> list[Any]:
    """List what the launch file starts for some arguments, besides perception."""
    actions = launched['generate_launch_description']().given[0]
    defaults = {a.given[0]: a.default_value for a in actions if a.kind == 'DeclareLaunchArgument'}
    (function,) = [action.function for action in actions if action.kind == 'OpaqueFunction']
    return function(SimpleNamespace(launch_configurations=defaults | values))


def gazebo_arguments(include: Any) -> list[str]:
    """Split the command line of Gazebo, as its shell does."""
    return shlex.split(dict(include.launch_arguments)['gz_args'])


def test_gazebo_and_its_bridge_are_started(
    launch_file: Callable[..., dict[str, Any]], repository: Path
) -> None:
    simulation, bridge, transform = started(launch_file(*GAZEBO), namespace='robot')
    assert simulation.given[0].given == ('/opt/ros/ros_gz_sim/launch/gz_sim.launch.py',)
    run, path = gazebo_arguments(simulation)
    assert run == '-r' and Path(path).samefile(repository / 'worlds' / 'perception.sdf')
    assert (bridge.package, bridge.executable) == ('ros_gz_bridge', 'parameter_bridge')
    assert bridge.namespace == 'robot'
    config = bridge.parameters[0]['config_file']
    assert Path(config).samefile(repository / 'config' / 'gazebo_bridge.yaml')
    given = dict(zip(transform.arguments[::2], transform.arguments[1::2], strict=True))
    assert given['--child-frame-id'] == FRAME_ID
    place = [float(given[f'--{axis}']) for axis in 'xyz']
    world = ElementTree.parse(repository / 'worlds' / 'perception.sdf')
    pose = world.findtext('world/model[@name="camera"]/pose').split()
    assert place + [0, 0, 0] == list(map(float, pose))
    angles = [float(given[f'--{angle}']) for angle in ('roll', 'pitch', 'yaw')]
    assert angles == pytest.approx([-1.5707963, 0, -1.5707963], abs=1e-5)


def test_the_world_can_run_without_a_display(
    launch_file: Callable[..., dict[str, Any]],
) -> None:
    simulation, *_ = started(launch_file(*GAZEBO), gui='false')
    assert gazebo_arguments(simulation)[:3] == ['-r', '-s', '--headless-rendering']


def test_another_world_brings_its_own_frames(
    launch_file: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    own = tmp_path / 'my world.sdf'
    own.write_text('<sdf version="1.9"/>')
    simulation, bridge = started(launch_file(*GAZEBO), world=str(own))
    assert gazebo_arguments(simulation)[-1] == str(own)
    assert bridge.executable == 'parameter_bridge'


@pytest.mark.parametrize('missing', GAZEBO)
@pytest.mark.parametrize(('distro', 'name'), [('jazzy', 'ros-gz'), ('humble', 'ros-gzharmonic')])
def test_without_gazebo_a_sentence_says_what_to_install(
    launch_file: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
    distro: str,
    name: str,
) -> None:
    monkeypatch.setenv('ROS_DISTRO', distro)
    launched = launch_file(*(package for package in GAZEBO if package != missing))
    with pytest.raises(RuntimeError, match=f'{missing} is not .* install ros-{distro}-{name}$'):
        started(launched)


def test_a_world_that_does_not_exist_is_rejected(
    launch_file: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match=r'the world .*none\.sdf does not exist'):
        started(launch_file(*GAZEBO), world=str(tmp_path / 'none.sdf'))


def test_perception_subscribes_to_what_gazebo_publishes(
    launch_file: Callable[..., dict[str, Any]], repository: Path
) -> None:
    actions = launch_file(*GAZEBO)['generate_launch_description']().given[0]
    *_, pictures, _, perception = actions
    name, folder = pictures.given
    assert name == 'GZ_SIM_RESOURCE_PATH'
    world = (repository / 'worlds' / 'perception.sdf').read_text()
    named = re.findall('model://(.*)</albedo_map>', world)
    assert named and all((Path(folder) / picture).is_file() for picture in named)
    (source,) = perception.given
    assert Path(source.given[0]) == repository / 'launch' / 'perception.launch.py'
    given = dict(perception.launch_arguments)
    assert given['rviz'].given == ('rviz',)
    entries = yaml.safe_load((repository / 'config' / 'gazebo_bridge.yaml').read_text())
    assert {given['image'], given['depth']} < {entry['ros_topic_name'] for entry in entries}
    assert given['use_sim_time'] == 'true'
    arguments = [action for action in actions if action.kind == 'DeclareLaunchArgument']
    assert [a.given[0] for a in arguments] == ['world', 'gui', 'rviz']
    assert all(argument.description for argument in arguments)


if importlib.util.find_spec('launch_ros'):

    def test_the_real_launch_finds_the_arguments(repository: Path) -> None:
        path = repository / 'launch' / 'gazebo.launch.py'
        description = runpy.run_path(str(path))['generate_launch_description']()
        names = {argument.name for argument in description.get_launch_arguments()}
        assert names > {'world', 'gui', 'rviz', 'image', 'nodes', 'preset'}
