"""The systemd unit: systemd accepts it, and its command line works."""

from __future__ import annotations

import importlib.util
from pathlib import Path
import re
import shlex
import shutil
import subprocess

from patience import HANGS_S
import pytest

SECTIONS = ['Unit', 'Service', 'Install']


@pytest.fixture(scope='module')
def unit(repository: Path) -> dict[str, dict[str, list[str]]]:
    """Read the unit: the values of each key of each section; a backslash continues a line."""
    text = (repository / 'systemd' / 'nn_perception.service').read_text()
    text = re.sub(r'^[#;].*\n', '', text, flags=re.M).replace('\\\n', ' ')
    sections: dict[str, dict[str, list[str]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if heading := re.fullmatch(r'\[(\w+)\]', line):
            keys = sections.setdefault(heading[1], {})
        else:
            key, value = line.split('=', 1)
            keys.setdefault(key, []).append(value)
    return sections


@pytest.fixture(scope='module')
def environment(unit: dict[str, dict[str, list[str]]]) -> dict[str, str]:
    lines = unit['Service']['Environment']
    return dict(entry.split('=', 1) for line in lines for entry in shlex.split(line))


def command(unit: dict[str, dict[str, list[str]]], environment: dict[str, str]) -> list[str]:
    """Return the command line as systemd runs it."""
    (line,) = unit['Service']['ExecStart']
    words = []
    for word in shlex.split(line):
        words += environment['ARGUMENTS'].split() if word == '$ARGUMENTS' else [word]
    return [word.replace('$$', '$') for word in words]


def test_the_sections_exist(unit: dict[str, dict[str, list[str]]]) -> None:
    assert list(unit) == SECTIONS
    repeated = {key for keys in unit.values() for key, values in keys.items() if len(values) > 1}
    assert repeated == {'Environment'}


def test_memory_is_shared_with_the_camera(unit: dict[str, dict[str, list[str]]]) -> None:
    # Each of these would separate the service or its camera from /dev/shm.
    assert not {'DynamicUser', 'RemoveIPC', 'PrivateUsers', 'TemporaryFileSystem'} & set(
        unit['Service']
    )


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('ProtectHome', 'tmpfs'),
        ('ProtectProc', 'invisible'),
        ('ProtectSystem', 'strict'),
        ('StateDirectoryMode', '0700'),
        ('CacheDirectoryMode', '0700'),
        ('UMask', '0077'),
        ('NoNewPrivileges', 'yes'),
        ('CapabilityBoundingSet', ''),
    ],
)
def test_the_service_is_confined(
    unit: dict[str, dict[str, list[str]]], key: str, value: str
) -> None:
    assert unit['Service'][key] == [value]


def test_tasks_are_limited(unit: dict[str, dict[str, list[str]]]) -> None:
    (limit,) = unit['Service']['TasksMax']
    assert 256 <= int(limit) <= 1024


def test_nothing_is_stored_in_a_home(
    unit: dict[str, dict[str, list[str]]], environment: dict[str, str]
) -> None:
    """ProtectHome hides them."""
    stored = ('HOME', 'NN_PERCEPTION_DATA', 'NN_PERCEPTION_CACHE', 'ROS_LOG_DIR', 'WORKSPACE')
    for name in stored:
        assert not environment[name].startswith(('/home', '/root', '~')), name
    assert environment['NN_PERCEPTION_DATA'] == f'%S/{unit["Service"]["StateDirectory"][0]}'
    assert environment['NN_PERCEPTION_CACHE'] == f'%C/{unit["Service"]["CacheDirectory"][0]}'


def test_the_command_starts_the_launch_file(
    unit: dict[str, dict[str, list[str]]], environment: dict[str, str], tmp_path: Path
) -> None:
    report = 'echo "$(basename "$BASH_SOURCE")"\n'
    for name in ('ros.bash', 'venv/bin/activate', 'install/setup.bash'):
        (tmp_path / 'a b' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'a b' / name).write_text(report)
    (tmp_path / 'a b' / 'venv' / 'bin' / 'activate').write_text(
        report + f"PATH='{tmp_path}':$PATH"
    )
    stand_in = tmp_path / 'ros2'
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$$" "$@"\n')
    stand_in.chmod(0o755)
    folder = tmp_path / 'a b'
    started = subprocess.Popen(
        command(unit, environment),
        env={'ROS_SETUP': str(folder / 'ros.bash'), 'WORKSPACE': str(folder), 'PATH': '/bin'},
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = started.communicate(timeout=HANGS_S)[0].splitlines()
    assert started.returncode == 0
    assert lines[:3] == ['ros.bash', 'activate', 'setup.bash']
    # ros2 is the service's main process: SIGINT reaches it, and its status is the service's.
    assert lines[3] == str(started.pid)
    assert lines[4:7] == ['launch', 'nn_perception', 'perception.launch.py']
    assert lines[7:] == environment['ARGUMENTS'].split()
    assert 'image:=/camera/image_raw' in lines


def test_it_is_installed(repository: Path) -> None:
    assert "glob('systemd/*')" in (repository / 'setup.py').read_text()


if shutil.which('systemd-analyze'):

    def test_systemd_accepts_the_unit(repository: Path) -> None:
        path = repository / 'systemd' / 'nn_perception.service'
        verified = subprocess.run(
            ['systemd-analyze', 'verify', '--man=no', str(path)], capture_output=True, text=True
        )
        # A user or device that this machine lacks is not an error of the unit.
        warnings = [line for line in verified.stderr.splitlines() if path.name in line]
        assert warnings == []


if importlib.util.find_spec('nn_perception.ros.launch.launch_arguments'):

    def test_the_arguments_are_those_of_the_launch_file(
        repository: Path, environment: dict[str, str]
    ) -> None:
        from nn_perception.ros.launch.launch_arguments import ARGUMENTS

        assert (repository / 'launch' / 'perception.launch.py').is_file()
        for word in environment['ARGUMENTS'].split():
            name, value = word.split(':=')
            ARGUMENTS[name].read(value)
