"""
The launch files with the real ``launch``, real nodes and a real Ctrl-C.

``launch_ros`` has no wheel: without a ROS installation these tests are skipped;
test/unit/launch/test_launch_files.py tests what is possible without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import importlib.util
import os
from pathlib import Path
import re
import runpy
import signal
import sys
import time

from launched import install, Launch
from nn_perception.capabilities.digits.defaults import DEFAULT_DIGIT_MODEL
from nn_perception.ros.launch.launch_arguments import (
    CAMERA_NODES,
    CAMERA_SOURCE,
    PERCEPTION,
    STUDIO,
)
from patience import HANGS_S
import pytest
from rcl_interfaces.msg import ParameterType
from ros_graph import Peer
from vision_msgs.msg import Classification

pytestmark = [
    pytest.mark.launch_ros,
    pytest.mark.skipif(not importlib.util.find_spec('launch_ros'), reason='no launch_ros'),
]


# Arguments override all of it, whatever the keys.
TRAP = """
/**:
  ros__parameters: {model: resnet18, image_transport: raw, autostart: true, max_rate: 5.0}
/**/tagger:
  ros__parameters: {model: resnet34, image_transport: raw, top_k: 3}
robot:
  digit_reader:
    ros__parameters: {model: resnet34, autostart: true}
  pose_estimator:
    ros__parameters: {preset: fast, device: cuda, engine: torch}
  camera_source:
    ros__parameters: {source: /nowhere, rate: 7.0}
"""


@pytest.fixture(scope='module')
def prefix(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Install the package into a prefix."""
    return install(tmp_path_factory.mktemp('prefix'), repository)


@pytest.fixture
def launch(
    prefix: Path, repository: Path, tmp_path: Path, ros_environment: None
) -> Iterator[Callable[..., Launch]]:
    """Start launch files; the fixture kills those that still run at the end."""
    started: list[Launch] = []

    def start(file: str, /, **arguments: str) -> Launch:
        path = repository / 'launch' / f'{file}.launch.py'
        log = tmp_path / f'{file}_{len(started)}.log'
        started.append(Launch(path, log, prefix, arguments))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        sys.stdout.write(process.log)


def parameter(peer: Peer, node: str, name: str) -> object:
    """Read a parameter of a node."""
    value = peer.get_parameter(node, name)
    return {
        ParameterType.PARAMETER_NOT_SET: lambda: None,
        ParameterType.PARAMETER_BOOL: lambda: value.bool_value,
        ParameterType.PARAMETER_INTEGER: lambda: value.integer_value,
        ParameterType.PARAMETER_DOUBLE: lambda: value.double_value,
        ParameterType.PARAMETER_STRING: lambda: value.string_value,
        ParameterType.PARAMETER_STRING_ARRAY: lambda: list(value.string_array_value),
    }[value.type]()


def test_the_real_launch_reads_every_file(repository: Path) -> None:
    for path in sorted((repository / 'launch').glob('*.launch.py')):
        description = runpy.run_path(str(path))['generate_launch_description']()
        arguments = description.get_launch_arguments()
        assert arguments and all(argument.description for argument in arguments), path


@pytest.mark.parametrize('one_process', ['true', 'false'])
def test_every_argument_of_perception(
    peer: Peer, launch: Callable[..., Launch], tmp_path: Path, repository: Path, one_process: str
) -> None:
    mine = tmp_path / 'mine.yaml'
    mine.write_text(TRAP)
    samples = str(repository / 'nn_perception' / 'samples')
    running = launch(
        'perception',
        one_process=one_process,
        nodes='tagger,digit_reader,pose_estimator',
        model='resnet50',
        digit_model=DEFAULT_DIGIT_MODEL,
        preset='accurate',
        transport='compressed',
        device='cpu',
        engine='onnxruntime',
        autostart='false',
        params_file=str(mine),
        namespace='robot',
        use_sim_time='true',
        camera='true',
        source=samples,
        image='color/image_raw',
        depth='aligned/depth',
        rviz='true',
        respawn='true',
        log_level='warn',
    )
    expected = {
        'tagger': {'model': 'resnet50', 'top_k': 3},
        'digit_reader': {'model': DEFAULT_DIGIT_MODEL},
        'pose_estimator': {'preset': 'accurate'},
    }
    for node, own in expected.items():
        common = {
            'image_transport': 'compressed',
            'device': 'cpu',
            'engine': 'onnxruntime',
            'autostart': False,
            'use_sim_time': True,
            'max_rate': 5.0,
        }
        for name, value in {**common, **own}.items():
            assert parameter(peer, f'/robot/{node}', name) == value, (node, name)
    for name, value in {'source': samples, 'rate': 7.0, 'use_sim_time': True}.items():
        assert parameter(peer, '/robot/camera_source', name) == value, name
    peer.until(lambda: peer.node.count_publishers('/robot/color/image_raw'))
    peer.until(lambda: 'rviz: -d ' in running.log)
    assert '/config/perception.rviz --ros-args' in running.log
    assert '-r image:=color/image_raw -r depth:=aligned/depth' in running.log
    processes = {name.rpartition('-')[0] for name in running.started}
    nodes = {PERCEPTION} if one_process == 'true' else set(expected)
    assert processes == {*nodes, CAMERA_SOURCE, 'rviz2'}
    running.interrupt()


def test_several_cameras(peer: Peer, launch: Callable[..., Launch]) -> None:
    running = launch(
        'perception', cameras='front,rear', image='image_raw', nodes='tagger', camera='true'
    )
    assert parameter(peer, '/tagger', 'cameras') == ['front', 'rear']
    for camera in ('front', 'rear'):
        assert parameter(peer, f'/{camera}/camera_source', 'wait_for_subscriber') is True
        tags = peer.collect(Classification, f'/tagger/{camera}/tags')
        peer.until(lambda tags=tags: tags)
    running.interrupt()


def test_the_demo_publishes_tags(peer: Peer, launch: Callable[..., Launch]) -> None:
    running = launch('demo', nodes='tagger', rviz='false')
    tags = peer.collect(Classification, '/tagger/tags')
    peer.until(lambda: any(msg.results for msg in tags))
    running.interrupt()


@pytest.mark.parametrize('one_process', ['true', 'false'])
def test_both_nodes_use_one_name_and_folder(
    peer: Peer, launch: Callable[..., Launch], tmp_path: Path, one_process: str
) -> None:
    running = launch(
        'teach',
        one_process=one_process,
        name='mugs',
        dataset='kitchen',
        base='resnet18',
        data_folder=str(tmp_path / 'data'),
        store_folder=str(tmp_path / 'models'),
        autostart='false',
    )
    assert parameter(peer, '/tagger', 'model') == 'store:mugs'
    assert parameter(peer, '/tagger', 'store_folder') == str(tmp_path / 'models')
    expected = {
        'model_name': 'mugs',
        'dataset': 'kitchen',
        'base': 'resnet18',
        'data_folder': str(tmp_path / 'data'),
        'store_folder': str(tmp_path / 'models'),
    }
    for name, value in expected.items():
        assert parameter(peer, '/fine_tuner', name) == value, name
    running.interrupt()


def test_the_page_and_all_nodes(peer: Peer, launch: Callable[..., Launch], tmp_path: Path) -> None:
    running = launch(
        'studio', camera='true', port='0', name='mugs', store_folder=str(tmp_path / 'models')
    )
    assert parameter(peer, '/studio', 'port') == 0
    for node in ('tagger', 'studio'):
        assert parameter(peer, f'/{node}', 'model') == 'store:mugs'
        assert parameter(peer, f'/{node}', 'store_folder') == str(tmp_path / 'models')
    tags = peer.collect(Classification, '/tagger/tags')
    peer.until(lambda: tags)
    peer.until(lambda: 'the page is at http://localhost:' in running.log)
    processes = {name.rpartition('-')[0] for name in running.started}
    assert processes == {PERCEPTION, STUDIO, CAMERA_SOURCE}
    running.interrupt()


@pytest.mark.parametrize('name', CAMERA_NODES)
def test_one_node_and_its_camera(peer: Peer, launch: Callable[..., Launch], name: str) -> None:
    running = launch(name, camera='true', autostart='false')
    assert parameter(peer, f'/{name}', 'autostart') is False
    assert parameter(peer, '/camera_source', 'wait_for_subscriber') is True
    running.interrupt()


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        ({'one_process': 'maybe'}, "one_process: expected true or false, got 'maybe'"),
        ({'modle': 'resnet50'}, "'modle': unknown argument; did you mean model?"),
        ({'nodes': 'taggr'}, 'nodes: expected one of tagger, digit_reader,'),
        ({'source': '0'}, 'source: it is for camera_source, which is not started'),
        ({'params_file': '/nowhere.yaml'}, 'params_file: /nowhere.yaml cannot be read'),
    ],
)
def test_invalid_arguments_start_nothing(
    launch: Callable[..., Launch], arguments: dict[str, str], sentence: str
) -> None:
    rejected = launch('perception', **arguments)
    assert rejected.process.wait(HANGS_S) == 1
    assert sentence in rejected.log
    assert 'Traceback' not in rejected.log
    assert rejected.started == {}


def test_a_node_that_crashed_is_restarted(peer: Peer, launch: Callable[..., Launch]) -> None:
    reports = peer.diagnostics('/tagger')
    running = launch('tagger', respawn='true', autostart='false')
    peer.until(lambda: reports)
    os.kill(running.started['tagger-1'], signal.SIGKILL)
    peer.until(lambda: running.log.count('process started') == 2)
    reports.clear()
    peer.until(lambda: reports)
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.process.wait(HANGS_S) == 0, running.log
    assert running.log.count('process has finished cleanly') == 1, running.log


@pytest.mark.parametrize('delay_s', [0.0, 0.3, 0.7, 1.2])
def test_interrupted_while_it_starts(
    peer: Peer, launch: Callable[..., Launch], delay_s: float
) -> None:
    running = launch('perception', one_process='false', nodes='tagger,digit_reader')
    peer.until(lambda: len(running.started) == 2)
    for pid in running.started.values():
        # Before our code runs, a signal ends Python without a clean-up.
        peer.until(lambda pid=pid: catches_interrupts(pid))
    time.sleep(delay_s)
    running.interrupt()


def catches_interrupts(pid: int) -> bool:
    """Return whether a process runs our code, which handles SIGTERM."""
    found = re.search(r'SigCgt:\s*(\w+)', Path(f'/proc/{pid}/status').read_text())
    return bool(int(found[1], 16) >> (signal.SIGTERM - 1) & 1)
