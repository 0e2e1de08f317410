"""
The ``main`` of all nodes: settings of the process, start, main loop, clean end.

It imports ROS only after the signal handlers are in place, so that Ctrl-C ends the process cleanly
during the imports too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
import os
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from nn_perception.core.import_path import forget_current_folder
from nn_perception.core.memory import (
    freeze_imported_objects,
    keep_image_buffers,
    PeriodicRelease,
)
from nn_perception.core.ros_words import rejection, usage
from nn_perception.core.standard_streams import (
    OutputError,
    prepare_standard_streams,
    write_error,
    write_output,
)
from nn_perception.ros.process.abandoned_threads import (
    exit_despite_abandoned_threads,
    has_abandoned_threads,
)
from nn_perception.ros.process.ros_arguments import given_ros_arguments, keep_ros_arguments
from nn_perception.ros.process.signals import (
    exiting_at_once,
    ignore_signals,
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
SKIP_VARIABLES = ('SKIP_DEFAULT_XML_FILE', 'SKIP_DEFAULT_XML')

SWITCH_INTERVAL_S = 1e-4
SPIN_TIMEOUT_S = 0.2
# The end of the process takes a second, or a few if frames are being stored on a slow disk.
END_TIMEOUT_S = 60.0

STATUS_OK = 0
STATUS_REJECTED = 2


def use_transport_profile() -> None:
    """
    Let Fast DDS transport images, unless the user chose a profile.

    It would also read a profile in the folder where a node is started, whoever has put it there.

    Fast DDS reads the environment once in a process: call this before making the first node.
    """
    if not any(name in os.environ for name in PROFILE_VARIABLES):
        os.environ.update(dict.fromkeys(PROFILE_VARIABLES, str(FASTDDS_PROFILE)))
    for name in SKIP_VARIABLES:
        os.environ.setdefault(name, '1')


def prepare_process() -> None:
    """Set up transport, memory and threads for images, where the user did not."""
    use_transport_profile()
    keep_image_buffers()
    # The executor's thread passes a frame to the worker and continues with its own bookkeeping;
    # with Python's default of 5 ms, the worker would wait for it half a millisecond.
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def main(import_node: Callable[[], Callable[[], Node]], args: Sequence[str] | None = None) -> int:
    """
    Run one node until SIGINT, SIGTERM or the node itself ends it.

    :param import_node: imports what makes the node, and returns it. If the node has a method
        ``start``, it is called before the main loop; if it has ``composed_nodes``, they run with
        it; once it has a true property ``finished``, the process ends.
    :param args: the command line with the ROS arguments; ``None``: ``sys.argv``
    :returns: exit status: 0 for a clean end, 2 if the node could not be made
    """
    watch_signals()
    prepare_standard_streams()
    prepare_process()
    words = list(sys.argv[1:] if args is None else args)
    if text := usage(words, Path(sys.argv[0]).name):
        with suppress(OutputError):
            write_output(text)
        return STATUS_OK
    if problem := rejection(words):
        write_error(f'{problem}\n')
        return STATUS_REJECTED
    keep_ros_arguments(words)
    forget_current_folder()
    try:
        with exiting_at_once():
            # All slow imports: later ones find these modules loaded.
            import rclpy.executors
            import rclpy.signals  # noqa: F401

            make_node = import_node()
    except ImportError as error:
        write_error(f'{error}\n')
        return STATUS_REJECTED
    freeze_imported_objects()
    return exit_despite_abandoned_threads(_run(make_node, args))


def _run(make_node: Callable[[], Node], args: Sequence[str] | None) -> int:
    """Make a node, run it, and clean up; returns the exit status."""
    from nn_perception.ros.process.guarded_executor import GuardedExecutor
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    executor = node = None
    try:
        try:
            rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
            executor = GuardedExecutor()
            stop_if_requested()
            node = make_node()
        except (ValueError, OSError, RuntimeError) as error:
            # What was made of the node is removed after this, where the middleware can hang.
            Watchdog.limit(END_TIMEOUT_S)
            # A mistake in what the user wrote or installed is worth one sentence, no traceback.
            write_error(f'{_sentence(error)}\n')
            return STATUS_REJECTED
        _spin(node, executor)
    except Stopped:
        pass
    finally:
        ignore_signals()
        Watchdog.limit(END_TIMEOUT_S)
        if executor is not None:
            executor.shutdown()
        if node is not None:
            node.destroy_node()
        context = rclpy.get_default_context()
        rclpy.try_shutdown()
        if has_abandoned_threads():
            # Nothing else removes the middleware's shared memory when the process ends past them.
            context.destroy()
        Watchdog.stop()
    return STATUS_OK


def _sentence(error: Exception) -> str:
    """Say what an error means; rclpy only lists the arguments that it does not know."""
    unknown = type(error).__name__ == 'UnknownROSArgsError'
    return f'unknown ROS arguments: {str(error).strip("[]")}' if unknown else str(error)


def _spin(node: Any, executor: Any) -> None:
    """Start a node and run its callbacks until it, or a signal, ends the process."""
    from nn_perception.ros.process.log_forwarding import forward_logs

    forward_logs(node.get_logger())
    nodes = (node, *getattr(node, 'composed_nodes', ()))
    _warn_of_unknown_parameters(nodes)
    for one in nodes:
        executor.add_node(one)
    if hasattr(node, 'start'):
        node.start()
    release = PeriodicRelease()
    while not (stop_requested() or getattr(node, 'finished', False)):
        executor.spin_once(timeout_sec=SPIN_TIMEOUT_S)
        # If nothing succeeds any more, the process is of no use: the watchdog ends it.
        if not executor.failures:
            Watchdog.feed()
        release.tick()


def _warn_of_unknown_parameters(nodes: Sequence[Any]) -> None:
    """Log the parameters that the user gave and no node has; rclpy ignores them."""
    from nn_perception.ros.process.unknown_parameters import unknown_parameters

    known = {one.get_fully_qualified_name(): [*one.get_parameters_by_prefix('')] for one in nodes}
    for sentence in unknown_parameters(given_ros_arguments(), known):
        nodes[0].get_logger().warning(sentence)
