"""
The one ``main`` of all nodes: process settings, start, spin, clean end.

Nothing here imports ROS before the signal handlers are in place, so that a Ctrl-C
during the imports ends as cleanly as a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from nn_perception.ros.process.memory import Housekeeping, keep_large_buffers, set_apart_what_stays
from nn_perception.ros.process.signals import (
    ignore_signals,
    leaving_at_once,
    stop_if_requested,
    stop_requested,
    Stopped,
    watch_signals,
)
from nn_perception.ros.process.watchdog import Watchdog

if TYPE_CHECKING:
    from rclpy.node import Node

FASTDDS_PROFILE = Path(__file__).with_name('fastdds.xml')
# Fast DDS 2 (Humble, Jazzy) reads the first, Fast DDS 3 (Kilted and newer) the second.
PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')

SWITCH_INTERVAL_S = 1e-4

STATUS_OK = 0
STATUS_REFUSED = 2


def use_transport_profile() -> None:
    """
    Let Fast DDS carry images, unless the user has chosen a profile.

    It is read from the environment, once in the life of a process: call this before the
    first node is made.
    """
    if not any(name in os.environ for name in PROFILE_VARIABLES):
        os.environ.update(dict.fromkeys(PROFILE_VARIABLES, str(FASTDDS_PROFILE)))


def prepare_process() -> None:
    """Choose transport, memory and thread settings for images, where the user has not."""
    use_transport_profile()
    keep_large_buffers()
    # The executor's thread hands a frame to the worker and goes on with its own bookkeeping;
    # with Python's 5 ms the worker would wait for half a millisecond of that.
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def run(import_node: Callable[[], Callable[[], Node]], args: Sequence[str] | None = None) -> int:
    """
    Run one node until it is asked to end by SIGINT, SIGTERM or itself.

    :param import_node: imports and gives what makes the node. A node with a method ``start``
        has it called before the first spin; a node with a property ``finished`` ends the
        process when that becomes true; those that a node has in ``hosted`` run with it.
    :param args: the command line with the ROS arguments; ``None`` takes ``sys.argv``
    :returns: exit status: 0 for a clean end, 2 when it could not be made
    """
    watch_signals()
    prepare_process()
    try:
        with leaving_at_once():
            from nn_perception.ros.process.log_forwarding import forward_logs
            import rclpy
            from rclpy.executors import SingleThreadedExecutor
            from rclpy.signals import SignalHandlerOptions

            make_node = import_node()
    except ImportError as error:
        sys.stderr.write(f'{error}\n')
        return STATUS_REFUSED
    set_apart_what_stays()

    executor = node = None
    try:
        try:
            rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
            executor = SingleThreadedExecutor()
            stop_if_requested()
            node = make_node()
        except (ValueError, OSError, RuntimeError) as error:
            # What the user wrote or installed was refused before the node stood: one sentence.
            sys.stderr.write(f'{error}\n')
            return STATUS_REFUSED
        forward_logs(node.get_logger())
        for one in (node, *getattr(node, 'hosted', ())):
            executor.add_node(one)
        if hasattr(node, 'start'):
            node.start()
        housekeeping = Housekeeping()
        while not (stop_requested() or getattr(node, 'finished', False)):
            executor.spin_once(timeout_sec=0.2)
            Watchdog.feed()
            housekeeping.tick()
    except Stopped:
        pass
    finally:
        ignore_signals()
        Watchdog.rest()
        if executor is not None:
            executor.shutdown()
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return STATUS_OK
