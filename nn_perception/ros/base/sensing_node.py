"""
The base of the nodes that turn what a sensor delivers into results.

The subscription's callback only passes the message on. A worker thread takes it, runs the network
and publishes, so services and parameters respond at once while a network runs.
docs/camera_nodes.md explains the decisions behind it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
import traceback
from typing import Any, Generic, TypeVar

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.core.inference.processors import default_threads
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.memory import outside_image_heap, release_freed_memory
from nn_perception.core.quoting import shortened
from nn_perception.ros.base.node_parameters import NodeParameters
from nn_perception.ros.base.parameters import LiveParameters
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.base.worker import Worker
from nn_perception.ros.diagnostics.clock_watch import ClockWatch
from nn_perception.ros.diagnostics.messages import diagnostic_array
from nn_perception.ros.diagnostics.status import not_active, Status
from nn_perception.ros.inputs.input import Input
from nn_perception.ros.outputs.headers import current_header
from nn_perception.ros.outputs.qos import DIAGNOSTICS_QOS
from nn_perception.ros.process.signals import interruptible
from nn_perception.ros.process.watchdog import Watchdog
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer
from std_srvs.srv import SetBool

DIAGNOSTICS_PERIOD_S = 1.0
# What takes longer to process is why no results come.
SLOW_S = 1.0

P = TypeVar('P', bound=NodeParameters)
T = TypeVar('T')


class SensingNode(LifecycleNode, ABC, Generic[P, T]):
    """
    Lifecycle, inputs, worker and diagnostics of a node whose processor is of type ``T``.

    :cvar receives: what it subscribes to, for messages: ``'images'``

    :param name: default name of the node
    :param kind: dataclass of its parameters
    :param shared: what it shares with other nodes of its process; None if there are none
    :raises ParameterError: if a value from a parameter file or the command line is rejected
    """

    receives = ''

    def __init__(self, name: str, kind: type[P], shared: SharedResources | None = None) -> None:
        self._shared = shared or SharedResources()
        super().__init__(name, cli_args=self._shared.naming(name))
        self._live = LiveParameters(self, kind, self.on_parameters_changed)
        self._enabled = True
        self._load_failure = ''
        self._processor: T | None = None
        self._worker: Worker[T] = self.make_worker(self._live)
        self._inputs: list[Input] = []
        self._clock_watch = ClockWatch()
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', DIAGNOSTICS_QOS)
        self.create_service(SetBool, '~/enable', self._on_enable)
        self.create_steady_timer(DIAGNOSTICS_PERIOD_S, self._on_diagnostics_timer)

    @property
    def parameters(self) -> P:
        """Current parameters; read them once for values that belong together."""
        return self._live.value

    @property
    def run_options(self) -> RunOptions:
        """How the parameters want the networks to run."""
        p = self.parameters
        return RunOptions(p.engine, p.device, p.threads or default_threads(self._shared.nodes))

    # Hooks of a kind of sensor.

    @abstractmethod
    def make_worker(self, parameters: LiveParameters[Any]) -> Worker[T]:
        """Make what processes what is received; called once, before the inputs are made."""

    @abstractmethod
    def publish_diagnostics(self, blocking_reason: Status | None) -> None:
        """
        Call :meth:`publish_status` for each sensor; called once a second.

        :param blocking_reason: what keeps the node from processing anything; None if nothing does
        """

    # Hooks of a capability.

    @abstractmethod
    def load(self) -> T:
        """
        Load the network, and return what computes results with it.

        :raises ValueError: if a parameter or a file is not usable
        :raises OSError: if a file cannot be read
        :raises RuntimeError: if the network cannot be loaded
        """

    @abstractmethod
    def unload(self) -> None:
        """Free the network's memory; also called when nothing is loaded."""

    def on_parameters_changed(self, previous: P) -> None:
        """Respond to a change of :attr:`parameters`."""

    # For capabilities.

    def add_input(self, source: Input) -> None:
        """Subscribe to an input whenever the node is active and enabled."""
        self._inputs.append(source)

    def create_steady_timer(self, period_s: float, callback: Callable[[], None]) -> Timer:
        """Create a timer that runs even while simulated time stands still."""
        return self.create_timer(period_s, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def publish_status(self, topic: str, resolved: str, status: Status) -> None:
        """
        Publish the state of a sensor.

        :param topic: what the sensor publishes, before remapping: ``images`` for example
        :param resolved: name of its topic, after remapping
        """
        name = f'{self.get_fully_qualified_name()}: {topic}'
        self._diagnostics.publish(diagnostic_array(name, resolved, status, current_header(self)))

    # Lifecycle.

    def start(self) -> None:
        """Configure and activate, unless a lifecycle manager will do it."""
        if not self.parameters.autostart:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network."""
        try:
            with interruptible(), Watchdog.paused(), outside_image_heap():
                self._processor = self.load()
        except (ValueError, OSError, RuntimeError) as error:
            self._load_failure = shortened(str(error))
            self.get_logger().error(f'configuration failed: {self._load_failure}')
            return TransitionCallbackReturn.FAILURE
        except Exception:  # noqa: BLE001 - rclpy would swallow a bug silently
            self._load_failure = 'an unexpected error, see the log'
            self.get_logger().error(f'configuration failed:\n{traceback.format_exc()}')
            return TransitionCallbackReturn.ERROR
        self._load_failure = ''
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the inputs."""
        result = super().on_activate(state)
        assert self._processor is not None
        self._worker.start(self._processor)
        if self._enabled:
            self._open_inputs()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe; the network stays loaded."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the network."""
        self._unload()
        release_freed_memory()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop, and free the network, from any state."""
        self._stop()
        self._unload()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to unconfigured after a transition raised an error."""
        self._stop()
        self._unload()
        return super().on_error(state)

    def request_stop(self) -> None:
        """Begin to stop, without waiting: the nodes of a process can do so at the same time."""
        self._worker.request_stop()

    def destroy_node(self) -> None:
        """Stop the worker before the publishers that it uses are destroyed."""
        self._stop()
        super().destroy_node()
        # Else a thread that was left, and keeps the node, keeps the middleware's shared memory.
        self._state_machine.destroy_when_not_in_use()

    def _open_inputs(self) -> None:
        for source in self._inputs:
            source.open()

    def _close_inputs(self) -> None:
        for source in self._inputs:
            source.close()

    def _unload(self) -> None:
        self._processor = None
        self.unload()

    def _stop(self) -> None:
        self._close_inputs()
        self._worker.stop()

    # Services and diagnostics.

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = request.data
        if not self._enabled:
            self._close_inputs()
        elif self._worker.running:
            self._open_inputs()
        response.success = True
        disabled = f'disabled: not subscribed to {self.receives}'
        response.message = 'enabled' if self._enabled else disabled
        return response

    def _on_diagnostics_timer(self) -> None:
        self._worker.check()
        for source in self._inputs:
            source.refresh()
        self.publish_diagnostics(self._blocking_reason())

    def _blocking_reason(self) -> Status | None:
        """Say what keeps this node from processing anything, if something does."""
        name = self.get_fully_qualified_name()
        if self._load_failure:
            return Status('error', self._load_failure)
        state = self._state_machine.current_state[1]
        if state == 'finalized':
            return Status('warn', 'finalized; restart the process')
        if not self._worker.running:
            return not_active(name, state)
        if not self._enabled:
            return Status('ok', f'disabled; call the service {name}/enable')
        slow = self._worker.lasting_stage(SLOW_S)
        problem = slow or self._clock_watch.problem(self)
        return Status('warn', problem) if problem else None
