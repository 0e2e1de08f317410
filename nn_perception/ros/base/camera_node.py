"""
The base of the nodes that turn camera images into results.

The subscription's callback only puts the newest message into a slot. A worker thread takes it out,
decodes it, runs the network and publishes, so services and parameters respond at once while a
network runs, and no result is older than two rounds of the worker. docs/camera_nodes.md explains
the decisions behind it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
import traceback
from typing import Generic, TypeVar

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.core.frame import Frame
from nn_perception.core.inference.processors import default_threads
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.memory import outside_image_heap, release_freed_memory
from nn_perception.core.quoting import shortened
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.frame_processor import FrameProcessor
from nn_perception.ros.base.frame_worker import FrameWorker
from nn_perception.ros.base.parameters import LiveParameters
from nn_perception.ros.diagnostics.clock_watch import ClockWatch
from nn_perception.ros.diagnostics.messages import diagnostic_array
from nn_perception.ros.diagnostics.status import not_active, Status
from nn_perception.ros.inputs.image_input import Input
from nn_perception.ros.inputs.shared_image_subscription import SharedImageSubscriptions
from nn_perception.ros.outputs.headers import current_header
from nn_perception.ros.outputs.qos import DIAGNOSTICS_QOS
from nn_perception.ros.process.ros_arguments import RosArguments
from nn_perception.ros.process.signals import interruptible
from nn_perception.ros.process.watchdog import Watchdog
import numpy as np
from numpy.typing import NDArray
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer
from std_srvs.srv import SetBool

DIAGNOSTICS_PERIOD_S = 1.0
# An image that takes longer is why no results come.
SLOW_IMAGE_S = 1.0

P = TypeVar('P', bound=CameraParameters)
R = TypeVar('R')


@dataclass(frozen=True)
class SharedResources:
    """
    What the nodes of one process share.

    :ivar nodes: number of nodes that share the processor's cores
    :ivar image_subscriptions: the image subscriptions
    :ivar arguments: ROS arguments that name the nodes; None: rclpy names the only one
    """

    nodes: int = 1
    image_subscriptions: SharedImageSubscriptions = field(default_factory=SharedImageSubscriptions)
    arguments: RosArguments | None = None

    def naming(self, node: str) -> list[str] | None:
        """
        Give the ROS arguments of one node that make it keep its name.

        :param node: its default name
        """
        if self.arguments is None:
            return None
        return ['--ros-args', '-r', f'__node:={self.arguments.name_of(node)}']


class CameraNode(LifecycleNode, ABC, Generic[P, R]):
    """
    Lifecycle, images in, results out, for one capability with results of type ``R``.

    :ivar cameras: the cameras that the node subscribes to

    :param name: default name of the node
    :param kind: dataclass of its parameters
    :param shared: what it shares with other nodes of its process; None if there are none
    :raises ParameterError: if a value from a parameter file or the command line is rejected
    """

    def __init__(self, name: str, kind: type[P], shared: SharedResources | None = None) -> None:
        self._shared = shared or SharedResources()
        super().__init__(name, cli_args=self._shared.naming(name))
        self._live = LiveParameters(self, kind, self.on_parameters_changed)
        self._enabled = True
        self._load_failure = ''
        self._processor: FrameProcessor[R] | None = None
        self._worker: FrameWorker[R] = FrameWorker(self, self, self._live)
        self.cameras = [
            Camera(camera, self, self.image_subscriptions, self.parameters, self._worker.slots)
            for camera in self.parameters.cameras
        ]
        self._inputs: list[Input] = [camera.images for camera in self.cameras]
        self._clock_watch = ClockWatch()
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', DIAGNOSTICS_QOS)
        self.create_service(SetBool, '~/enable', self._on_enable)
        self.create_steady_timer(DIAGNOSTICS_PERIOD_S, self._on_diagnostics_timer)

    @property
    def parameters(self) -> P:
        """Current parameters; read them once for values that belong together."""
        return self._live.value

    @property
    def image_subscriptions(self) -> SharedImageSubscriptions:
        """Image subscriptions of the process."""
        return self._shared.image_subscriptions

    @property
    def run_options(self) -> RunOptions:
        """How the parameters want the networks to run."""
        p = self.parameters
        threads = p.threads or default_threads(self._shared.nodes)
        return RunOptions(p.engine, p.device, threads, parallel_batches=len(self.cameras))

    # Hooks of a capability.

    @abstractmethod
    def load(self) -> FrameProcessor[R]:
        """
        Load the network, and return what processes frames with it.

        :raises ValueError: if a parameter or a file is not usable
        :raises OSError: if a file cannot be read
        :raises RuntimeError: if the network cannot be loaded
        """

    @abstractmethod
    def unload(self) -> None:
        """Free the network's memory; also called when nothing is loaded."""

    def publish(self, frame: Frame, result: R) -> None:
        """
        Publish a result under the header of its image; called in the worker thread.

        The default publishes nothing.
        """

    @abstractmethod
    def draw(self, image_bgr: NDArray[np.uint8], result: R) -> NDArray[np.uint8]:
        """Draw a result on a copy of its image; only called while the overlay has subscribers."""

    @abstractmethod
    def diagnostic_values(self, camera: Camera) -> dict[str, object]:
        """Describe the network, and a camera's results, for the diagnostics."""

    def warning(self, camera: Camera) -> str:  # noqa: ARG002
        """Say what was wrong with a camera's results since the last call; empty if nothing was."""
        return ''

    def on_parameters_changed(self, previous: P) -> None:
        """Respond to a change of :attr:`parameters`."""

    # For capabilities.

    def add_input(self, source: Input) -> None:
        """Subscribe to another input whenever the node subscribes to its images."""
        self._inputs.append(source)

    def create_steady_timer(self, period_s: float, callback: Callable[[], None]) -> Timer:
        """Create a timer that runs even while simulated time stands still."""
        return self.create_timer(period_s, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))

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
        """Subscribe to the images."""
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
        response.message = 'enabled' if self._enabled else 'disabled: not subscribed to images'
        return response

    def _on_diagnostics_timer(self) -> None:
        self._worker.check()
        for source in self._inputs:
            source.refresh()
        blocking_reason = self._blocking_reason()
        for camera in self.cameras:
            status = camera.assess(blocking_reason, self.warning(camera))
            self._diagnostics.publish(
                diagnostic_array(
                    f'{self.get_fully_qualified_name()}: {camera.input("images")}',
                    camera.images.topic,
                    status.with_values(self.diagnostic_values(camera)),
                    current_header(self),
                )
            )

    def _blocking_reason(self) -> Status | None:
        """Say what keeps this node from processing images, if anything does."""
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
        slow = self._worker.lasting_stage(SLOW_IMAGE_S)
        problem = slow or self._clock_watch.problem(self)
        return Status('warn', problem) if problem else None
