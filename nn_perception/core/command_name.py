"""How the user runs the command of this package."""

from __future__ import annotations

import shutil

COMMAND = 'nn_perception'


def command_name() -> str:
    """
    Give the words that run the command ``nn_perception``.

    In a ROS 2 workspace it is not on the path, and ``ros2 run`` finds it.
    """
    if shutil.which(COMMAND) is None and shutil.which('ros2') is not None:
        return f'ros2 run {COMMAND} {COMMAND}'
    return COMMAND
