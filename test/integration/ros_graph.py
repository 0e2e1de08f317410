"""Start nodes as processes and talk to them over DDS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any, TypeVar

from diagnostic_msgs.msg import DiagnosticArray
from domain_coordinator import domain_id as reserved_domain_id
from nn_perception.ros.outputs.headers import make_header
from nn_perception.ros.outputs.image_messages import image_message
from nn_perception.ros.process.node_process import node_command
import numpy as np
from patience import PATIENCE_S, stretched, time_is_up
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter as NodeParameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

T = TypeVar('T')

RELIABLE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


class NodeProcess:
    """A node of the package in its own process, with its output in a file."""

    def __init__(
        self,
        executable: str,
        log: Path,
        *,
        parameters: Mapping[str, Any] | None = None,
        ros_args: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.log_path = log
        self._log = log.open('w')
        self.process = subprocess.Popen(
            node_command(executable, parameters, ros_args),
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )

    @property
    def log(self) -> str:
        """Output of the process so far."""
        return self.log_path.read_text()

    def send(self, number: int) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGINT) -> int:
        """Ask the process to end, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(stretched(PATIENCE_S))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f'the node did not end; its log:\n{self.log}') from None
        finally:
            self._log.close()


class Peer:
    """A node in the test's process, with its own context, that talks to other nodes."""

    def __init__(self, name: str = 'peer', *, domain_id: int, sim_time: bool = False) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain_id)
        overrides = [NodeParameter('use_sim_time', value=True)] if sim_time else []
        self.node = Node(name, context=self.context, parameter_overrides=overrides)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._clients: dict[tuple[type, str], Any] = {}

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)

    def spin(self, seconds: float) -> None:
        """Process messages for some seconds."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(left, 0.05))

    def until(self, condition: Callable[[], T], limit_s: float = PATIENCE_S) -> T:
        """Process messages until a condition holds; a busy machine gets more than the limit."""
        began_s = time.monotonic()
        while not (value := condition()):
            assert not time_is_up(began_s, limit_s), f'the condition did not hold in {limit_s} s'
            self._executor.spin_once(timeout_sec=0.05)
        return value

    def collect(self, kind: type[T], topic: str, qos: QoSProfile = RELIABLE) -> list[T]:
        """Subscribe, and return a list that grows with the received messages."""
        messages: list[T] = []
        self.node.create_subscription(kind, topic, messages.append, qos)
        return messages

    def publisher(self, kind: type, topic: str, qos: QoSProfile = RELIABLE) -> Any:
        """Create a publisher."""
        return self.node.create_publisher(kind, topic, qos)

    def matched(self, publisher: Any, count: int = 1) -> None:
        """Wait until there are subscribers, and until they are ready to receive."""
        self.until(lambda: publisher.get_subscription_count() >= count)
        self.spin(stretched(0.3))

    def call(self, kind: type, service: str, request: Any, limit_s: float = PATIENCE_S) -> Any:
        """Call a service and return its response."""
        future = self._client(kind, service, limit_s).call_async(request)
        self.until(future.done, limit_s)
        return future.result()

    def _client(self, kind: type, service: str, limit_s: float) -> Any:
        """Return a client whose server is there, and knows it."""
        client = self._clients.get((kind, service))
        if client is not None and client.service_is_ready():
            return client
        if client is None:
            client = self._clients[kind, service] = self.node.create_client(kind, service)
        self.until(client.service_is_ready, limit_s)
        # The server drops its response if it has not discovered the client within 0.1 s.
        self.spin(stretched(0.3))
        return client

    def set_parameter(self, node: str, name: str, value: Any) -> tuple[bool, str]:
        """Set a parameter of another node; return whether it was accepted, and if not, why."""
        message = NodeParameter(name, value=value).to_parameter_msg()
        request = SetParameters.Request(parameters=[message])
        result = self.call(SetParameters, f'{node}/set_parameters', request).results[0]
        return result.successful, result.reason

    def get_parameter(self, node: str, name: str) -> ParameterValue:
        """Get a parameter of another node."""
        request = GetParameters.Request(names=[name])
        return self.call(GetParameters, f'{node}/get_parameters', request).values[0]

    def diagnostics(self, node: str) -> list[dict[str, str]]:
        """
        Collect a node's diagnostics.

        :returns: a growing list of the values, with ``level`` and ``message``
        """
        reports: list[dict[str, str]] = []

        def keep(array: DiagnosticArray) -> None:
            for status in array.status:
                if status.name.startswith(node):
                    values = {pair.key: pair.value for pair in status.values}
                    level = str(int.from_bytes(status.level, 'little'))
                    reports.append({'level': level, 'message': status.message, **values})

        self.node.create_subscription(DiagnosticArray, '/diagnostics', keep, 10)
        return reports


def picture(width: int = 640, height: int = 480, seed: int = 0) -> np.ndarray:
    """Make a smooth image, uint8 BGR, that depends on the seed."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin((x * (3 + c + seed) + y * (5 - c)) / 97.0) for c in range(3)]
    return (np.stack(waves, axis=-1) * 127 + 128).astype(np.uint8)


def image_at(image: np.ndarray, seconds: float, frame_id: str = 'camera') -> Any:
    """Build a raw image message with a stamp in seconds."""
    return image_message(image, header_at(seconds, frame_id))


def header_at(seconds: float, frame_id: str = 'camera') -> Any:
    """Build a header with a stamp in seconds."""
    time_message = rclpy.time.Time(nanoseconds=round(seconds * 1e9)).to_msg()
    return make_header(time_message, frame_id)


@dataclass
class Domain:
    """
    A ROS domain of its own, for tests that share nodes.

    :ivar peer: a node in the test's process that talks to the others
    :ivar nodes: the nodes that were started
    """

    number: int
    folder: Path
    peer: Peer
    nodes: list[NodeProcess] = field(default_factory=list)

    def start_node(self, executable: str, **options: Any) -> NodeProcess:
        """Start a node in this domain, see :class:`NodeProcess`."""
        environment = {
            'ROS_DOMAIN_ID': str(self.number),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
            **options.pop('environment', {}),
        }
        log = self.folder / f'{executable}_{len(self.nodes)}.log'
        self.nodes.append(NodeProcess(executable, log, environment=environment, **options))
        return self.nodes[-1]


@contextmanager
def own_domain(folder: Path, peer_name: str = 'peer') -> Iterator[Domain]:
    """
    Reserve a domain that no other test on this machine uses meanwhile, and clear it up.

    :param folder: where the nodes' logs are written
    """
    with reserved_domain_id() as number:
        domain = Domain(number, folder, Peer(peer_name, domain_id=number))
        yield domain
        domain.peer.close()
        end_all(domain.nodes)


def end_all(nodes: Sequence[NodeProcess]) -> None:
    """End the nodes that run, and print the logs of all; the running ones must end with 0."""
    for node in nodes:
        alive = node.process.poll() is None
        status = node.end()
        # pytest shows it if the test failed.
        sys.stdout.write(f'--- {node.log_path.name}, status {status}\n{node.log}')
        if alive:
            assert status == 0, f'status {status}; log:\n{node.log}'


@contextmanager
def ended(process: NodeProcess) -> Iterator[NodeProcess]:
    """End a process after a block, also after an exception."""
    try:
        yield process
    finally:
        process.end()
