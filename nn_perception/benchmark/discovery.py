"""Keep what is tried out on a machine away from the robots in its network."""

from __future__ import annotations

import os


def stay_on_this_machine() -> None:
    """
    Limit discovery to this machine, in this process and its children, unless the user has chosen.

    Takes effect for nodes that are made afterwards. Humble does not know the newer variable.
    """
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    if os.environ.get('ROS_DISTRO') == 'humble':
        os.environ.setdefault('ROS_LOCALHOST_ONLY', '1')
