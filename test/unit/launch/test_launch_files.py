"""
What the launch files start.

``launch_ros`` has no wheel; stand-ins keep their arguments. Where it is installed,
test/integration/test_launch.py uses the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
import json
from pathlib import Path
import runpy
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from ament_index_python.packages import PackageNotFoundError
from nn_perception.ros.launch.launch_arguments import ARGUMENTS
from nn_perception.ros.launch.sound_arguments import SOUND_ARGUMENTS
import pytest

STAND_INS = {
    'launch': ('Action', 'LaunchContext', 'LaunchDescription'),
    'launch.actions': ('DeclareLaunchArgument', 'LogInfo', 'OpaqueFunction'),
    'launch_ros': (),
    'launch_ros.actions': ('Node',),
    'launch_ros.parameter_descriptions': ('ParameterFile',),
}
COMMON = set(
    'image cameras transport device engine autostart params_file namespace use_sim_time camera '
    'source rviz respawn log_level'.split()
)
PERCEPTION = COMMON | {'nodes', 'one_process', 'depth', 'model', 'digit_model', 'preset'}
FINE_TUNING = COMMON | {'name', 'dataset', 'base', 'data_folder', 'store_folder'}
STUDIO = FINE_TUNING | {'nodes', 'one_process', 'depth', 'digit_model', 'preset'}
STUDIO |= {'host', 'port', 'token_file', 'certificate', 'key'}
SOUND = set(
    'audio device engine autostart params_file namespace use_sim_time microphone source respawn '
    'log_level'.split()
)
# Arguments of each launch file, and what it starts without any.
FILES = {
    'tagger': (COMMON | {'model'}, ['tagger']),
    'digit_reader': (COMMON | {'digit_model'}, ['digit_reader']),
    'pose_estimator': (COMMON | {'depth', 'preset'}, ['pose_estimator']),
    'fine_tuner': (FINE_TUNING, ['fine_tuner']),
    'teach': (FINE_TUNING | {'one_process'}, ['perception']),
    'perception': (PERCEPTION, ['perception']),
    'demo': (PERCEPTION, ['perception', 'camera_source']),
    'studio': (STUDIO, ['perception', 'studio']),
    'sound_tagger': (SOUND | {'model', 'store_folder'}, ['sound_tagger']),
    'sound_fine_tuner': (
        SOUND | {'name', 'dataset', 'base', 'data_folder', 'store_folder'},
        ['sound_fine_tuner'],
    ),
}
# They import the stand-ins.
LAUNCH_MODULES = [f'nn_perception.ros.launch.{name}_launch' for name in ('camera', 'sound')]
DEFAULT_NODES = ['tagger', 'digit_reader', 'pose_estimator']


def stand_in(kind: str) -> Callable[..., SimpleNamespace]:
    """Make a class that keeps its arguments."""
    return lambda *given, **named: SimpleNamespace(kind=kind, given=given, **named)


class Launcher:
    """Runs launch files with stand-ins; ``installed`` are the packages that seem installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.installed = {'nn_perception', 'rviz2'}

    def prefix(self, package: str) -> str:
        if package not in self.installed:
            raise PackageNotFoundError(package)
        return f'/opt/{package}'

    def describe(self, name: str) -> list[Any]:
        """Return the actions of a launch file."""
        path = self.folder / f'{name}.launch.py'
        describe = runpy.run_path(str(path))['generate_launch_description']
        for module in filter(None, map(sys.modules.get, LAUNCH_MODULES)):
            vars(module)['get_package_prefix'] = self.prefix
            vars(module)['get_package_share_directory'] = self.prefix
        return describe().given[0]

    def start(self, file: str, /, **values: str) -> list[Any]:
        """Return what a launch file starts for some arguments."""
        *arguments, make = self.describe(file)
        defaults = {argument.given[0]: argument.default_value for argument in arguments}
        assert set(values) <= set(defaults)
        return make.function(SimpleNamespace(launch_configurations=defaults | values))


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch, repository: Path) -> Iterator[Launcher]:
    for module, classes in STAND_INS.items():
        fake = ModuleType(module)
        vars(fake).update({kind: stand_in(kind) for kind in classes})
        monkeypatch.setitem(sys.modules, module, fake)
    for variable in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(variable, raising=False)
    for module in LAUNCH_MODULES:
        monkeypatch.delitem(sys.modules, module, raising=False)
    yield Launcher(repository / 'launch')
    for module in LAUNCH_MODULES:
        sys.modules.pop(module, None)


def files_of(node: Any) -> list[Path]:
    """List the params files of a node, in order."""
    return [Path(file.given[0]) for file in node.parameters]


def set_by(path: Path) -> Mapping[str, Any]:
    """Return the parameters of each node in a params file that was written for a launch."""
    content = json.loads(path.read_text())
    return {key.rpartition('/')[2]: part['ros__parameters'] for key, part in content.items()}


def executables(actions: list[Any]) -> list[str]:
    return [action.executable for action in actions]


def test_all_launch_files_are_tested(repository: Path) -> None:
    names = {path.name for path in (repository / 'launch').glob('*.py')}
    assert names >= {f'{name}.launch.py' for name in FILES}


@pytest.mark.parametrize('name', FILES)
def test_arguments_and_defaults(launcher: Launcher, name: str) -> None:
    arguments, nodes = FILES[name]
    *declared, _ = launcher.describe(name)
    assert {argument.given[0] for argument in declared} == arguments
    assert all(len(argument.description) > 10 for argument in declared)
    started = launcher.start(name)
    assert executables(started) == nodes
    for node in started:
        assert node.package == 'nn_perception'
        assert node.remappings == []


def test_every_argument_belongs_to_a_launch_file() -> None:
    assert set().union(*(arguments for arguments, _ in FILES.values())) == {
        *ARGUMENTS,
        *SOUND_ARGUMENTS,
    }


def test_what_is_started_is_installed(repository: Path, launcher: Launcher) -> None:
    setup = (repository / 'setup.py').read_text()
    started = {node for name in FILES for node in executables(launcher.start(name))}
    # The nodes in separate processes.
    several = executables(launcher.start('perception', one_process='false'))
    assert several == DEFAULT_NODES
    for executable in {*started, *several}:
        assert f"'{executable} = nn_perception.ros.process.entry_points:{executable}'" in setup
    assert "glob('launch/*.py')" in setup and "glob('config/*')" in setup


def test_arguments_reach_every_node(launcher: Launcher, tmp_path: Path) -> None:
    mine = tmp_path / 'mine.yaml'
    mine.write_text('/**:\n  ros__parameters:\n    top_k: 3\n')
    nodes = launcher.start(
        'perception',
        one_process='false',
        image='/front/image_raw',
        depth='/front/depth',
        transport='compressed',
        model='resnet50',
        digit_model='mine.safetensors',
        preset='accurate',
        device='cpu',
        engine='torch',
        autostart='False',
        params_file=str(mine),
        namespace='robot',
        use_sim_time='true',
        camera='true',
        source='0',
        log_level='debug',
        respawn='1',
    )
    assert executables(nodes) == [*DEFAULT_NODES, 'camera_source']
    for node in nodes:
        assert node.namespace == 'robot'
        assert ('image', '/front/image_raw') in node.remappings
        assert node.ros_arguments == ['--log-level', 'debug']
        before, given, after = files_of(node)
        assert given == mine
        assert set_by(before) == {'camera_source': {'wait_for_subscriber': True}}
    assert [('depth', '/front/depth') in node.remappings for node in nodes] == [True] * 3 + [False]
    assert [getattr(node, 'respawn', False) for node in nodes] == [True] * 3 + [False]
    of_all = {
        'image_transport': 'compressed',
        'device': 'cpu',
        'engine': 'torch',
        'autostart': False,
        'use_sim_time': True,
    }
    assert set_by(after) == {
        'tagger': {**of_all, 'model': 'resnet50'},
        'digit_reader': {**of_all, 'model': 'mine.safetensors'},
        'pose_estimator': {**of_all, 'preset': 'accurate'},
        'perception': {'use_sim_time': True},
        'camera_source': {'use_sim_time': True, 'source': '0'},
    }


def test_one_process_hosts_the_nodes(launcher: Launcher) -> None:
    (host,) = launcher.start('perception', nodes='tagger, fine_tuner', model='resnet50')
    assert host.executable == 'perception'
    (after,) = files_of(host)
    assert set_by(after) == {
        'perception': {'nodes': ['tagger', 'fine_tuner']},
        'tagger': {'model': 'resnet50'},
    }


def test_params_file_chooses_the_nodes_of_several_processes(
    launcher: Launcher, tmp_path: Path
) -> None:
    mine = tmp_path / 'mine.yaml'
    mine.write_text('robot:\n  perception: {ros__parameters: {nodes: [tagger]}}\n')
    arguments = {'one_process': 'false', 'params_file': str(mine)}
    assert executables(launcher.start('perception', **arguments)) == ['tagger']
    chosen = launcher.start('perception', nodes='fine_tuner', **arguments)
    assert executables(chosen) == ['fine_tuner']
    mine.write_text('/**: {ros__parameters: {nodes: [taggr]}}\n')
    with pytest.raises(ValueError, match=r"nodes in .*mine.yaml: .* got \['taggr'\]"):
        launcher.start('perception', **arguments)


def test_topics_are_relative_to_the_names_of_cameras(launcher: Launcher) -> None:
    host, front, rear = launcher.start(
        'perception',
        cameras='front,rear',
        image='image_raw',
        depth='depth/image',
        camera='true',
        namespace='robot',
    )
    assert host.remappings == [
        ('front/image', 'front/image_raw'),
        ('front/depth', 'front/depth/image'),
        ('rear/image', 'rear/image_raw'),
        ('rear/depth', 'rear/depth/image'),
    ]
    assert set_by(files_of(host)[-1])['pose_estimator'] == {'cameras': ['front', 'rear']}
    for node, namespace in ((host, 'robot'), (front, 'robot/front'), (rear, 'robot/rear')):
        assert node.namespace == namespace
    assert front.remappings == rear.remappings == [('image', 'image_raw')]


@pytest.mark.parametrize('one_process', ['true', 'false'])
def test_both_nodes_use_one_name_and_folder(launcher: Launcher, one_process: str) -> None:
    nodes = launcher.start('teach', one_process=one_process)
    assert executables(nodes) == (
        ['perception'] if one_process == 'true' else ['tagger', 'fine_tuner']
    )
    before, after = files_of(nodes[0])
    assert set_by(before)['tagger'] == {'model': 'store:taught'}
    assert set_by(after) == {'perception': {'nodes': ['tagger', 'fine_tuner']}}
    nodes = launcher.start(
        'teach',
        name='mugs',
        dataset='kitchen',
        base='resnet50',
        data_folder='/data',
        store_folder='/models',
    )
    after = set_by(files_of(nodes[0])[-1])
    assert after['tagger'] == {'model': 'store:mugs', 'store_folder': '/models'}
    assert after['fine_tuner'] == {
        'model_name': 'mugs',
        'dataset': 'kitchen',
        'base': 'resnet50',
        'data_folder': '/data',
        'store_folder': '/models',
    }


def test_the_page_with_all_nodes_and_what_is_taught(launcher: Launcher) -> None:
    host, page, camera = launcher.start(
        'studio', camera='true', port='8123', token_file='page.token'
    )
    assert executables([host, page, camera]) == ['perception', 'studio', 'camera_source']
    before, after = files_of(host)
    for node in ('tagger', 'studio'):
        assert set_by(before)[node] == {'model': 'store:taught'}
    assert set_by(after) == {
        'perception': {'nodes': ['tagger', 'digit_reader', 'pose_estimator', 'fine_tuner']},
        'studio': {'port': 8123, 'token_file': 'page.token'},
    }
    assert after.stat().st_mode & 0o077 == 0
    host, _ = launcher.start('studio', nodes='tagger,fine_tuner', name='mugs')
    after = set_by(files_of(host)[-1])
    assert after['perception'] == {'nodes': ['tagger', 'fine_tuner']}
    assert after['tagger'] == after['studio'] == {'model': 'store:mugs'}
    several = launcher.start('studio', nodes='tagger', one_process='false', respawn='true')
    assert executables(several) == ['tagger', 'studio']
    assert [node.respawn for node in several] == [True, True]


def test_the_page_alone(launcher: Launcher) -> None:
    (page,) = launcher.start('studio', nodes='none', namespace='robot', image='/camera/image')
    assert (page.executable, page.namespace) == ('studio', 'robot')
    page, camera = launcher.start('studio', nodes='none', camera='true')
    assert executables([page, camera]) == ['studio', 'camera_source']
    with pytest.raises(ValueError, match='preset: it is for pose_estimator, which is not started'):
        launcher.start('studio', nodes='none', preset='fast')
    with pytest.raises(ValueError, match='nodes: expected at least one, got none'):
        launcher.start('perception', nodes='none')
    with pytest.raises(ValueError, match="port: expected 0 to 65535, got '80800'"):
        launcher.start('studio', port='80800')


@pytest.mark.parametrize(
    ('name', 'samples'),
    [('digit_reader', 'samples/digits'), ('pose_estimator', 'samples/people/walking.mp4')],
)
def test_suitable_samples_are_played(launcher: Launcher, name: str, samples: str) -> None:
    _, camera = launcher.start(name, camera='true')
    played = set_by(files_of(camera)[0])['camera_source']
    assert played.pop('source').endswith(samples)
    assert played == {'wait_for_subscriber': True}


def test_the_sound_tagger_and_its_microphone(launcher: Launcher, tmp_path: Path) -> None:
    mine = tmp_path / 'mine.yaml'
    mine.write_text('/**:\n  ros__parameters:\n    overlap: 0.5\n')
    nodes = launcher.start(
        'sound_tagger',
        audio='/head/audio',
        model='store:sounds',
        store_folder='/models',
        device='cpu',
        params_file=str(mine),
        namespace='robot',
        use_sim_time='true',
        microphone='true',
        source='talk.wav',
        respawn='true',
        log_level='warn',
    )
    assert executables(nodes) == ['sound_tagger', 'sound_source']
    for node in nodes:
        assert node.namespace == 'robot'
        assert node.remappings == [('audio', '/head/audio')]
        assert node.ros_arguments == ['--log-level', 'warn']
        before, given, after = files_of(node)
        assert given == mine
        assert set_by(before) == {'sound_source': {'wait_for_subscriber': True}}
        assert set_by(after) == {
            'sound_tagger': {
                'model': 'store:sounds',
                'store_folder': '/models',
                'device': 'cpu',
                'use_sim_time': True,
            },
            'sound_source': {'source': 'talk.wav', 'use_sim_time': True},
        }
    assert [getattr(node, 'respawn', False) for node in nodes] == [True, False]
    with pytest.raises(ValueError, match='source: it is for sound_source, which is not started'):
        launcher.start('sound_tagger', source='talk.wav')
    with pytest.raises(ValueError, match='audio: expected a topic name'):
        launcher.start('sound_tagger', audio='a b')


def test_the_sound_fine_tuner_gets_its_names_and_folders(launcher: Launcher) -> None:
    given = {'name': 'knocks', 'dataset': 'door', 'base': 'mine.safetensors', 'data_folder': '/d'}
    (node,) = launcher.start('sound_fine_tuner', store_folder='/models', **given)
    assert executables([node]) == ['sound_fine_tuner']
    assert set_by(files_of(node)[-1]) == {
        'sound_fine_tuner': {
            'model_name': 'knocks',
            'dataset': 'door',
            'base': 'mine.safetensors',
            'data_folder': '/d',
            'store_folder': '/models',
        }
    }
    with pytest.raises(ValueError, match='source: it is for sound_source, which is not started'):
        launcher.start('sound_fine_tuner', source='talk.wav')


def test_rviz_is_started_where_it_is_installed(launcher: Launcher) -> None:
    _, rviz = launcher.start(
        'perception', rviz='true', image='/image_raw', namespace='robot', use_sim_time='true'
    )
    assert rviz.package == rviz.executable == 'rviz2'
    assert rviz.arguments == ['-d', '/opt/nn_perception/config/perception.rviz']
    assert rviz.remappings == [('image', '/image_raw')]
    assert rviz.namespace == 'robot'
    assert rviz.parameters == [{'use_sim_time': True}]
    launcher.installed.remove('rviz2')
    _, sentence = launcher.start('perception', rviz='true')
    assert sentence.kind == 'LogInfo' and 'not installed' in sentence.msg


def test_demo_shows_rviz_where_there_is_a_display(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('DISPLAY', ':0')
    assert executables(launcher.start('demo')) == ['perception', 'camera_source', 'rviz2']
    assert executables(launcher.start('demo', rviz='false', camera='false')) == ['perception']


def test_a_misspelt_argument_of_the_command_line_starts_nothing(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    share = repository / 'launch'
    by_path = ['ros2', 'launch', str(share / 'perception.launch.py'), 'modle:=resnet50']
    monkeypatch.setattr(sys, 'argv', by_path)
    launcher.describe('perception')
    module = sys.modules['nn_perception.ros.launch.camera_launch']
    vars(module)['get_package_share_directory'] = lambda _: str(repository)
    *_, make = launcher.describe('perception')
    vars(module)['get_package_share_directory'] = lambda _: str(repository)
    context = SimpleNamespace(launch_configurations=dict.fromkeys(PERCEPTION, ''))
    with pytest.raises(ValueError, match=r"'modle': unknown argument; did you mean model\?"):
        make.function(context)
    monkeypatch.setattr(sys, 'argv', [*by_path[:3], 'model:=resnet50'])
    assert executables(make.function(context)) == ['perception']


def test_a_misspelt_argument_of_another_launch_file_is_named(launcher: Launcher) -> None:
    *_, make = launcher.describe('perception')
    texts = {**dict.fromkeys(PERCEPTION, ''), 'transprot': 'raw', 'robot': 'x'}
    sentence, _ = make.function(SimpleNamespace(launch_configurations=texts))
    assert sentence.kind == 'LogInfo'
    assert sentence.msg == "'transprot': unknown argument; did you mean transport?"
