"""The set-up: every bad circumstance has its sentence, and an interrupted set-up no stamp."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

GOOD: dict[str, Any] = {
    'python': (3, 11),
    'executable': '/usr/bin/python3',
    'system': 'Linux',
    'machine': 'x86_64',
    'libc': ('glibc', '2.36'),
    'ros_distro': '',
    'ros_modules': [],
    'compiler': 'c++',
    'headers': True,
    'venv': True,
    'free_gb': 100.0,
}
ON_ROS: dict[str, Any] = {
    **GOOD,
    'ros_distro': 'jazzy',
    'ros_modules': ['rclpy', 'rosidl_generator_py', 'vision_msgs'],
}

# What differs from a good machine, and what the sentence has to contain.
CASES = [
    (GOOD, {'python': (3, 9)}, ['Python 3.9 is too old', 'PYTHON=python3.11']),
    (GOOD, {'python': (3, 14)}, ['Python 3.14 is too new', 'PYTHON=python3.13']),
    (GOOD, {'system': 'Darwin', 'machine': 'arm64', 'libc': ('', '')}, ['Darwin arm64', 'https']),
    (GOOD, {'machine': 'aarch64'}, ['Linux aarch64', 'install ROS 2']),
    (GOOD, {'libc': ('glibc', '2.27')}, ['glibc 2.27', 'install ROS 2']),
    (GOOD, {'libc': ('', '')}, ['Linux x86_64', 'install ROS 2']),
    (GOOD, {'venv': False}, ['virtual environments', 'python3.11-venv']),
    (GOOD, {'compiler': None}, ['no C++ compiler', 'apt install g++']),
    (GOOD, {'headers': False}, ['headers', 'python3.11-dev']),
    (GOOD, {'free_gb': 3.14}, ['3.1 GB left', 'free some space']),
    (ON_ROS, {'python': (3, 8)}, ['Python 3.8 is too old']),
    (ON_ROS, {'ros_distro': 'foxy'}, ['ROS foxy', 'Humble or newer']),
    (ON_ROS, {'ros_distro': 'noetic'}, ['ROS noetic', 'Humble or newer']),
    (ON_ROS, {'ros_modules': []}, ['cannot import its rclpy', 'PYTHON=']),
    (ON_ROS, {'ros_modules': ['rclpy']}, ['ros-jazzy-rosidl-default-generators']),
    (ON_ROS, {'ros_modules': ['rclpy', 'rosidl_generator_py']}, ['ros-jazzy-vision-msgs']),
    (ON_ROS, {'compiler': None}, ['no C++ compiler']),
]


@pytest.fixture
def provision(repository: Path) -> ModuleType:
    """Load the script afresh, so that a test may change its folders."""
    path = repository / 'tools' / 'provision.py'
    spec = importlib.util.spec_from_file_location('provision', path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def empty_repository(provision: ModuleType, tmp_path: Path) -> Path:
    """Point the script to a folder of the test's own."""
    provision.VENV = tmp_path / '.venv'
    provision.STAMP = provision.VENV / 'provision.json'
    provision.WORK = tmp_path / '.provision'
    provision.LOG = provision.WORK / 'provision.log'
    provision.WORK.mkdir()
    return tmp_path


@pytest.mark.parametrize('machine', [GOOD, ON_ROS], ids=['wheels', 'on_ros'])
def test_a_good_machine_has_no_problem(provision: ModuleType, machine: dict[str, Any]) -> None:
    assert provision.find_problem(provision.Facts(**machine)) is None


@pytest.mark.parametrize(
    'change', [{'python': (3, 14)}, {'machine': 'aarch64'}, {'libc': ('', '')}]
)
def test_a_ros_installation_needs_no_wheels(provision: ModuleType, change: dict[str, Any]) -> None:
    assert provision.find_problem(provision.Facts(**{**ON_ROS, **change})) is None


@pytest.mark.parametrize(('machine', 'change', 'words'), CASES)
def test_a_problem_is_one_sentence_with_the_remedy(
    provision: ModuleType, machine: dict[str, Any], change: dict[str, Any], words: list[str]
) -> None:
    problem = provision.find_problem(provision.Facts(**{**machine, **change}))
    assert all(word in problem for word in words), problem
    assert '\n' not in problem
    assert problem.endswith('.')


@pytest.mark.parametrize(
    ('output', 'words'),
    [
        ('NewConnectionError(...): Temporary failure in name resolution', 'check the network'),
        ('ERROR: No matching distribution found for torch==2.14.1', 'incomplete mirror'),
        ('OSError: [Errno 28] No space left on device', 'free some space'),
        # pip says both when it cannot reach the index; the first is the cause.
        ('ConnectTimeoutError\nNo matching distribution found for torch', 'check the network'),
        ('something else', 'provision.log'),
    ],
)
def test_a_failed_step_is_explained(provision: ModuleType, output: str, words: str) -> None:
    assert words in provision.explain_failure(output)


def test_a_failed_command_shows_its_last_lines(
    provision: ModuleType, empty_repository: Path
) -> None:
    command = [sys.executable, '-c', 'print("the reason"); raise SystemExit(3)']
    with pytest.raises(provision.ProvisionError, match='the reason'):
        provision.run(command)
    assert 'the reason' in provision.LOG.read_text()


def test_without_a_compiler_the_script_says_so(repository: Path, tmp_path: Path) -> None:
    # A copy without an environment, so that it does not find its work done.
    (tmp_path / 'tools').mkdir()
    for name in ('setup.py', 'tools/provision.py', 'tools/constraints.txt'):
        (tmp_path / name).write_bytes((repository / name).read_bytes())
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ('CXX', 'ROS_DISTRO', 'PYTHONPATH')
    }
    result = subprocess.run(
        [sys.executable, str(tmp_path / 'tools' / 'provision.py')],
        env={**environment, 'PATH': str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert 'no C++ compiler' in result.stderr
    assert 'Traceback' not in result.stderr
    assert not (tmp_path / '.venv').exists()


def test_the_stamp_depends_on_what_it_is_made_from(
    provision: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv('ROS_DISTRO', raising=False)
    before = provision.current_stamp()
    assert before == provision.current_stamp()
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    after = provision.current_stamp()
    assert all(before[part] != after[part] for part in before)


def test_changed_messages_do_not_make_a_new_environment(
    provision: ModuleType, tmp_path: Path
) -> None:
    before = provision.current_stamp()
    (tmp_path / 'New.msg').write_text('float32 x')
    provision.INTERFACES = tmp_path
    after = provision.current_stamp()
    assert {part for part in before if before[part] != after[part]} == {'interfaces'}


def test_a_broken_environment_has_no_stamp(provision: ModuleType, empty_repository: Path) -> None:
    provision.write_stamp({'base': 'b', 'environment': 'e'})
    assert provision.read_stamp() == {}  # no Python in it
    (provision.VENV / 'bin').mkdir()
    (provision.VENV / 'bin' / 'python').symlink_to(sys.executable)
    assert provision.read_stamp() == {'base': 'b', 'environment': 'e'}
    provision.STAMP.write_text('{"base": ')
    assert provision.read_stamp() == {}


@pytest.mark.parametrize(
    ('done', 'kept'),
    [
        ({'base': 'b', 'environment': 'old'}, True),  # complete, but other versions
        ({'base': 'other', 'environment': 'e'}, False),  # moved, or made by another Python
        ({'base': 'b'}, False),  # an update was interrupted
        ({}, False),  # the first set-up was interrupted
    ],
)
def test_only_a_complete_environment_is_updated_in_place(
    provision: ModuleType, empty_repository: Path, done: dict[str, str], kept: bool
) -> None:
    provision.write_stamp(done)
    assert provision.can_be_kept(done, {'base': 'b', 'environment': 'e'}) is kept


def test_a_failed_step_leaves_no_stamp(
    provision: ModuleType, empty_repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = dict.fromkeys(('base', 'environment', 'interfaces', 'package'), 'new')

    def make_environment(on_ros: bool) -> None:
        (provision.VENV / 'bin').mkdir(parents=True)
        (provision.VENV / 'bin' / 'python').symlink_to(sys.executable)
        provision.write_stamp({})

    def fail(*arguments: object) -> None:
        raise provision.ProvisionError('no network')

    monkeypatch.setattr(provision, 'gather_facts', lambda: provision.Facts(**GOOD))
    monkeypatch.setattr(provision, 'make_environment', make_environment)
    monkeypatch.setattr(provision, 'pip_install', fail)
    with pytest.raises(provision.ProvisionError, match='no network'):
        provision.provision(wanted)
    assert provision.read_stamp() == {}
    assert not provision.can_be_kept({}, wanted)
