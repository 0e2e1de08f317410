"""
What the launch files start.

``launch_ros`` has no wheel; where it does not import, simple stand-ins keep what they are
given.
"""

from __future__ import annotations

from collections.abc import Callable
import importlib.util
from pathlib import Path
import runpy
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from nn_perception.nodes import executables
import pytest

FILES = ('digit_reader', 'fine_tuner', 'pose_estimator', 'tagger')
# What a node subscribes to beside the images.
MORE_TOPICS = {'pose_estimator': ['depth']}
ARGUMENTS = {'image', 'transport', 'params_file', 'namespace', 'use_sim_time', 'camera', 'source'}


def stand_in(kind: str) -> Callable[..., SimpleNamespace]:
    """Make a class that only keeps its arguments."""
    return lambda *given, **named: SimpleNamespace(kind=kind, given=given, **named)


STAND_INS = {
    'launch': ('LaunchContext', 'LaunchDescription'),
    'launch.actions': ('DeclareLaunchArgument', 'OpaqueFunction'),
    'launch_ros': (),
    'launch_ros.actions': ('Node',),
    'launch_ros.parameter_descriptions': ('ParameterFile', 'ParameterValue'),
}


@pytest.fixture(params=FILES)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of each launch file."""
    return request.param


def arguments_of(path: Path) -> set[str]:
    """Name the arguments of a launch file."""
    return ARGUMENTS | set(MORE_TOPICS.get(path.name.partition('.')[0], ()))


def start(monkeypatch: pytest.MonkeyPatch, path: Path, **values: str) -> list[Any]:
    """Run a launch file with stand-ins and give the nodes that it makes for some arguments."""
    for module, classes in STAND_INS.items():
        fake = ModuleType(module)
        vars(fake).update({kind: stand_in(kind) for kind in classes})
        monkeypatch.setitem(sys.modules, module, fake)
    monkeypatch.delitem(sys.modules, 'nn_perception.nodes.camera_launch', raising=False)
    actions = runpy.run_path(str(path))['generate_launch_description']().given[0]
    del sys.modules['nn_perception.nodes.camera_launch']  # it knows the stand-ins
    *arguments, make = actions
    defaults = {argument.given[0]: argument.default_value for argument in arguments}
    assert set(defaults) == arguments_of(path) >= set(values)
    assert all(argument.description for argument in arguments)
    return make.function(SimpleNamespace(launch_configurations=defaults | values))


def test_all_launch_files_are_tested(repository: Path) -> None:
    names = {path.name for path in (repository / 'launch').glob('*.py')}
    assert names == {f'{name}.launch.py' for name in FILES}


def test_the_node_alone(monkeypatch: pytest.MonkeyPatch, repository: Path, name: str) -> None:
    (node,) = start(monkeypatch, repository / 'launch' / f'{name}.launch.py')
    assert node.executable == name
    assert callable(getattr(executables, name))
    assert node.package == 'nn_perception'
    assert node.parameters == []
    topics = ['image', *MORE_TOPICS.get(name, ())]
    assert node.remappings == [(topic, topic) for topic in topics]


def test_what_is_given_reaches_the_nodes(
    monkeypatch: pytest.MonkeyPatch, repository: Path, name: str
) -> None:
    node, camera = start(
        monkeypatch,
        repository / 'launch' / f'{name}.launch.py',
        image='/front/image_raw',
        transport='compressed',
        params_file='mine.yaml',
        namespace='robot',
        use_sim_time='true',
        camera='true',
        source='0',
    )
    file, transport, time = node.parameters
    assert file.given == ('mine.yaml',)
    assert transport == {'image_transport': 'compressed'}
    assert time == {'use_sim_time': True}
    assert camera.executable == 'camera_source'
    assert callable(executables.camera_source)
    source, waiting, time = camera.parameters
    assert (source['source'].given, source['source'].value_type) == (('0',), str)
    assert waiting == {'wait_for_subscriber': True}
    assert time == {'use_sim_time': True}
    for started in (node, camera):
        assert started.namespace == 'robot'
        assert started.remappings[0] == ('image', '/front/image_raw')


def test_depth_is_remapped(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    path = repository / 'launch' / 'pose_estimator.launch.py'
    (node,) = start(monkeypatch, path, image='/color', depth='/aligned')
    assert node.remappings == [('image', '/color'), ('depth', '/aligned')]


@pytest.mark.parametrize(
    ('name', 'folder'),
    [
        ('tagger', ''),
        ('digit_reader', 'samples/digits'),
        ('pose_estimator', 'samples/people/walking.mp4'),
    ],
)
def test_the_samples_are_played(
    monkeypatch: pytest.MonkeyPatch, repository: Path, name: str, folder: str
) -> None:
    path = repository / 'launch' / f'{name}.launch.py'
    _, camera = start(monkeypatch, path, camera='true')
    (source,) = camera.parameters[0]['source'].given
    assert source.endswith(folder) and bool(source) == bool(folder)


if importlib.util.find_spec('launch_ros'):

    def test_description_is_built(repository: Path, name: str) -> None:
        path = repository / 'launch' / f'{name}.launch.py'
        description = runpy.run_path(str(path))['generate_launch_description']()
        assert {argument.name for argument in description.get_launch_arguments()} == arguments_of(
            path
        )
