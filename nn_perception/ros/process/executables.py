"""Start and end the package's executables as processes of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import signal
import subprocess
import sys
from typing import Any

END_LIMIT_S = 10.0


def node_command(
    executable: str, parameters: Mapping[str, Any] | None = None, ros_args: Sequence[str] = ()
) -> list[str]:
    """
    Build the command that runs one of :mod:`nn_perception.ros.process.entry_points`.

    It needs no installed script, and runs with the Python of the calling process.

    :param parameters: values by name, as on the command line
    :param ros_args: further ROS arguments, remappings for instance
    """
    code = f'import sys; from nn_perception.ros.process.entry_points import {executable} as main; '
    command = [sys.executable, '-c', code + 'sys.exit(main())', '--ros-args', *ros_args]
    for name, value in (parameters or {}).items():
        command += ['-p', f'{name}:={_yaml(value)}']
    return command


def end_process(
    process: subprocess.Popen[Any], number: int = signal.SIGINT, limit_s: float = END_LIMIT_S
) -> int:
    """
    Ask a process to end, as Ctrl-C does.

    :returns: its exit status; negative when it did not end in time and was killed
    """
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else repr(str(value))
