"""A page and a robot on one ROS graph, in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
import threading

from builtin_interfaces.msg import Time
from domain_coordinator import domain_id as reserved_domain_id
from nn_perception.ros.studio.cameras import RosCameras
from nn_perception.ros.studio.capabilities import RosCapabilities
from nn_perception.ros.studio.diagnostics_watch import DiagnosticsWatch
from nn_perception.ros.studio.executor_calls import ExecutorCalls
from nn_perception.ros.studio.service_calls import ServiceCalls
from nn_perception.studio.backend.cameras import CameraImage, CameraResult
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import Header


@dataclass
class Viewer:
    """Keeps what it receives."""

    images: list[CameraImage] = field(default_factory=list)
    results: list[CameraResult] = field(default_factory=list)

    def on_image(self, image: CameraImage) -> None:
        self.images.append(image)

    def on_result(self, result: CameraResult) -> None:
        self.results.append(result)


class Graph:
    """
    Two nodes that run in a thread.

    :ivar page: node of the page
    :ivar robot: node of everything else
    """

    def __init__(self, context: Context) -> None:
        self.page = Node('page', context=context)
        self.robot = Node('robot', context=context)
        self.calls = ExecutorCalls(self.page)
        self.services = ServiceCalls(self.page, self.calls)
        self.diagnostics = DiagnosticsWatch(self.page)
        self.capabilities = RosCapabilities(self.page, self.calls, self.services, self.diagnostics)
        self.cameras = RosCameras(self.page, self.calls, self.capabilities)
        self._executor = SingleThreadedExecutor(context=context)
        for node in (self.page, self.robot):
            self._executor.add_node(node)
        self._has_stopped = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._spin, name='spin')
        self._thread.start()

    def refresh(self) -> None:
        """Do what the node does once a second."""

        def refresh() -> None:
            self.diagnostics.refresh()
            self.capabilities.refresh()
            self.cameras.refresh()

        self.calls.call(refresh)

    def add(self, node: Node) -> None:
        """Run another node too."""
        self._executor.add_node(node)

    def remove(self, node: Node) -> None:
        """Run a node no more; called in the thread."""
        self._executor.remove_node(node)

    def stop_calls(self) -> None:
        """Do what the end of the node does first."""
        if self._has_stopped:
            return
        self._has_stopped, closed = True, threading.Event()

        def close() -> None:
            self._close_page()
            self.calls.close()
            closed.set()

        self.calls.post(close)
        assert closed.wait(30.0)

    def subscriptions(self) -> list[str]:
        """List what the node of the page subscribes to."""
        names = self.robot.get_subscriber_names_and_types_by_node('page', '/')
        return sorted(name for name, _ in names if name not in ('/parameter_events', '/rosout'))

    def close(self) -> None:
        self.stop_calls()
        self._stopped.set()
        self._thread.join()
        self._executor.shutdown()
        for node in (self.page, self.robot):
            node.destroy_node()

    def _close_page(self) -> None:
        self.cameras.close()
        self.diagnostics.close()
        self.services.close()

    def _spin(self) -> None:
        while not self._stopped.is_set():
            self._executor.spin_once(timeout_sec=0.05)


@pytest.fixture
def graph() -> Iterator[Graph]:
    """Give the test a graph of its own."""
    context = Context()
    with reserved_domain_id() as number:
        rclpy.init(context=context, domain_id=number)
        nodes = Graph(context)
        yield nodes
        nodes.close()
        rclpy.try_shutdown(context=context)


@pytest.fixture
def viewer() -> Viewer:
    """Give the test somebody who watches a camera."""
    return Viewer()


@pytest.fixture
def header_of() -> Callable[..., Header]:
    """Make headers with a stamp in nanoseconds."""

    def make(stamp_ns: int, frame_id: str = 'camera') -> Header:
        seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
        return Header(stamp=Time(sec=seconds, nanosec=nanoseconds), frame_id=frame_id)

    return make
