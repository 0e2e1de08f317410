"""Start and end nodes of this package as processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import signal
import subprocess
from typing import Any

from nn_perception.core.subprocess import python_command

END_TIMEOUT_S = 10.0


def node_command(
    executable: str, parameters: Mapping[str, Any] | None = None, ros_args: Sequence[str] = ()
) -> list[str]:
    """
    Build the command that runs a node with the Python of this process.

    It needs no installed script.

    :param executable: a function of :mod:`nn_perception.ros.process.entry_points`
    :param parameters: values by name
    :param ros_args: further ROS arguments, such as remappings
    """
    code = f'from nn_perception.ros.process.entry_points import {executable} as main; '
    command = python_command(code + 'sys.exit(main())', ['--ros-args', *ros_args])
    for name, value in (parameters or {}).items():
        command += ['-p', f'{name}:={_yaml(value)}']
    return command


def end_process(
    process: subprocess.Popen[Any], number: int = signal.SIGINT, timeout_s: float = END_TIMEOUT_S
) -> int:
    """
    Ask a process to end, and wait for it.

    :param process: process to end; may have ended already
    :param number: signal to send
    :param timeout_s: after this time it is killed
    :returns: its exit status; negative if a signal ended it
    """
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else repr(str(value))
