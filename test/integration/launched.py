"""Run launch files as in a terminal."""

from __future__ import annotations

import os
from pathlib import Path
import re
import signal
import subprocess
import sys

from nn_perception.ros.launch.launch_arguments import (
    CAMERA_NODES,
    CAMERA_SOURCE,
    PERCEPTION,
    STUDIO,
)
from patience import HANGS_S, wait_until

END_S = 2.0
SHARED_MEMORY = Path('/dev/shm')
# As `ros2 launch`, which needs more packages.
LAUNCH = """
import sys
from launch import LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch import LaunchDescription
path, *given = sys.argv[1:]
arguments = [tuple(text.split(':=', 1)) for text in given]
source = PythonLaunchDescriptionSource(path)
service = LaunchService()
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments)]))
sys.exit(service.run())
"""
NODE = """#!{python}
import sys
from nn_perception.ros.process.entry_points import {name} as main
sys.exit(main())
"""
RVIZ = '#!/bin/sh\necho "rviz: $*"\ntrap "exit 0" INT TERM\nwhile true; do sleep 0.1; done\n'


def install(folder: Path, repository: Path) -> Path:
    """Install the package, and a substitute for rviz, into a prefix of their own."""
    index = folder / 'share' / 'ament_index' / 'resource_index' / 'packages'
    index.mkdir(parents=True)
    scripts = {'nn_perception': {}, 'rviz2': {'rviz2': RVIZ}}
    for name in (*CAMERA_NODES, CAMERA_SOURCE, PERCEPTION, STUDIO):
        scripts['nn_perception'][name] = NODE.format(python=sys.executable, name=name)
    for package, executables in scripts.items():
        (index / package).touch()
        (folder / 'share' / package).mkdir()
        (folder / 'lib' / package).mkdir(parents=True)
        for name, text in executables.items():
            path = folder / 'lib' / package / name
            path.write_text(text)
            path.chmod(0o755)
    for name in ('launch', 'config'):
        (folder / 'share' / 'nn_perception' / name).symlink_to(repository / name)
    return folder


class Launch:
    """A running launch file and its nodes, one process group as in a terminal."""

    def __init__(self, path: Path, log: Path, prefix: Path, arguments: dict[str, str]) -> None:
        repository = path.parent.parent
        extra = {'AMENT_PREFIX_PATH': prefix, 'PYTHONPATH': repository, 'ROS_LOG_DIR': log.parent}
        environment = dict(os.environ)
        for name, value in extra.items():
            before = environment.get(name) if name != 'ROS_LOG_DIR' else None
            environment[name] = f'{value}:{before}' if before else str(value)
        self._log = log
        self._segments_before = set(SHARED_MEMORY.iterdir())
        with log.open('w') as file:
            self.process = subprocess.Popen(
                [sys.executable, '-c', LAUNCH, path]
                + [f'{name}:={value}' for name, value in arguments.items()],
                env=environment,
                start_new_session=True,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def started(self) -> dict[str, int]:
        """Map the names of the started processes to their ids."""
        found = re.findall(r'\[([\w-]+)\]: process started with pid \[(\d+)\]', self.log)
        return {name: int(pid) for name, pid in found}

    def interrupt(self) -> None:
        """Press Ctrl-C, and check that everything ends soon, without errors."""
        segments, nodes = self.segments(), self.started.values()
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            wait_until(lambda: not any(map(is_running, nodes)), END_S)
        except TimeoutError:
            raise AssertionError(self.log) from None
        assert self.process.wait(HANGS_S) == 0, self.log
        assert len(nodes) == self.log.count('process has finished cleanly'), self.log
        assert 'Traceback' not in self.log, self.log
        # A process that sends to a node opens its port too, and this process does.
        ports = {path for path in shared_memory(os.getpid()) if '_port' in path.name}
        assert not {path for path in segments - ports if path.exists()}

    def segments(self) -> set[Path]:
        """List the shared memory of the nodes, which also open that of their peers."""
        found: set[Path] = set().union(*map(shared_memory, self.started.values()))
        return found - self._segments_before

    def kill(self) -> None:
        """Kill all processes that still run."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def is_running(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        return ') Z ' not in Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return False


def shared_memory(pid: int) -> set[Path]:
    """List the shared memory that a process has opened."""
    maps = Path(f'/proc/{pid}/maps')
    text = maps.read_text() if maps.exists() else ''
    return {Path(name) for name in re.findall(rf'{SHARED_MEMORY}/\S+', text)}
