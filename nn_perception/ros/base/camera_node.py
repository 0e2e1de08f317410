"""
The base of the nodes that turn camera images into results.

The subscription's callback only puts the newest message into a slot. A worker thread
takes it out, decodes, infers and publishes, so that services and parameters answer at
once while a network runs and no result is older than two rounds of the worker. See
docs/camera_nodes.md for the decisions behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
import traceback
from typing import Generic, TypeVar

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.core.inference.processors import default_threads
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.ros.base.camera import Camera, View
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.frame_worker import FrameWorker
from nn_perception.ros.base.lifecycle_guard import guard_change_state
from nn_perception.ros.base.parameters import LiveParameters
from nn_perception.ros.diagnostics.camera_diagnostics import ClockWatch, SILENT_AFTER_S
from nn_perception.ros.inputs.image_input import Input
from nn_perception.ros.inputs.shared_image_subscription import SharedImageSubscriptions
from nn_perception.ros.outputs import conversions
from nn_perception.ros.process.memory import apart_from_images, give_back_freed_memory
from nn_perception.ros.process.signals import interruptible
from nn_perception.ros.process.watchdog import Watchdog
import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_srvs.srv import SetBool

DIAGNOSTICS_PERIOD_S = 1.0

P = TypeVar('P', bound=CameraParameters)
R = TypeVar('R')


@dataclass(frozen=True)
class SharedResources:
    """
    What the nodes of one process share.

    :param nodes: how many share the processor's cores
    :param feeds: the images
    """

    nodes: int = 1
    feeds: SharedImageSubscriptions = field(default_factory=SharedImageSubscriptions)


class CameraNode(LifecycleNode, Generic[P, R]):
    """
    Lifecycle, images in, results out, for one perception with results of type ``R``.

    A capability writes :meth:`load`, :meth:`unload`, :meth:`perceive`,
    :meth:`publish_result`, :meth:`draw` and :meth:`figures`.

    :ivar cameras: those that it looks at

    :param name: default name of the node
    :param kind: the dataclass of its parameters
    :param shared_resources: what it shares with the other nodes of its process; None if it is alone
    :raises ParameterError: if a parameter's start value is refused
    """

    def __init__(
        self, name: str, kind: type[P], shared_resources: SharedResources | None = None
    ) -> None:
        super().__init__(name)
        self._live = LiveParameters(self, kind, self.on_parameters_changed)
        self._shared_resources = shared_resources or SharedResources()
        self._enabled = True
        self._load_failure = ''
        self._worker: FrameWorker[R] = FrameWorker(self)
        self.cameras = [
            Camera(camera, self, self.feeds, self.parameters, self._worker.slots)
            for camera in self.parameters.cameras
        ]
        self._inputs: list[Input] = [camera.images for camera in self.cameras]
        self._clock_watch = ClockWatch()
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self.create_service(SetBool, '~/enable', self._on_enable)
        # Steady: diagnostics must go on when simulated time stands still.
        self.create_timer(
            DIAGNOSTICS_PERIOD_S, self._on_second, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        guard_change_state(self)

    @property
    def parameters(self) -> P:
        """The present parameters; read it once for what belongs together."""
        return self._live.value

    @property
    def feeds(self) -> SharedImageSubscriptions:
        """The image subscriptions of the process."""
        return self._shared_resources.feeds

    @property
    def run_options(self) -> RunOptions:
        """How the parameters want the networks to be run."""
        p = self.parameters
        threads = p.threads or default_threads(self._shared_resources.nodes)
        return RunOptions(p.engine, p.device, threads, streams=len(self.cameras))

    # What a capability writes.

    def load(self) -> None:
        """Make the network ready; ValueError, OSError or RuntimeError says why it cannot be."""
        raise NotImplementedError

    def unload(self) -> None:
        """Free the network's memory; called also when nothing is loaded."""
        raise NotImplementedError

    def perceive(self, views: Sequence[View]) -> list[R]:
        """
        Find what is in each image, in one batch; runs in the worker thread.

        :param views: at least one, each of another camera
        """
        raise NotImplementedError

    def publish_result(self, view: View, result: R) -> None:
        """Publish a result under the header of its image; runs in the worker thread."""
        raise NotImplementedError

    def draw(self, image_bgr: np.ndarray, result: R) -> np.ndarray:
        """Draw a result on a copy of its image; called only while somebody watches."""
        raise NotImplementedError

    def figures(self, camera: Camera) -> dict[str, object]:
        """Describe the loaded network, and the results of a camera, for the diagnostics."""
        raise NotImplementedError

    def concern(self, camera: Camera) -> str:  # noqa: ARG002
        """Say in a sentence what was amiss with results since the last call, if anything."""
        return ''

    def on_parameters_changed(self, before: P) -> None:
        """Follow a change of parameters, already in :attr:`parameters`."""

    # What a capability calls.

    def add_input(self, source: Input) -> None:
        """Listen to something beside the images, whenever the node listens to those."""
        self._inputs.append(source)

    # Lifecycle.

    def start(self) -> None:
        """Configure and activate, unless a lifecycle manager is to do it."""
        if not self.parameters.autostart:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network."""
        try:
            with interruptible(), Watchdog.resting(), apart_from_images():
                self.load()
        except (ValueError, OSError, RuntimeError) as error:
            self._load_failure = str(error)
            self.get_logger().error(f'cannot be configured: {error}')
            return TransitionCallbackReturn.FAILURE
        except Exception:  # noqa: BLE001 - rclpy would swallow a bug without a word
            self._load_failure = 'an unexpected error, see the log'
            self.get_logger().error(f'cannot be configured:\n{traceback.format_exc()}')
            return TransitionCallbackReturn.ERROR
        self._load_failure = ''
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to take images."""
        result = super().on_activate(state)
        self._worker.start()
        if self._enabled:
            self._open_inputs()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop taking images; the network stays loaded."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the network."""
        self.unload()
        give_back_freed_memory()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and free, from whatever state."""
        self._stop()
        self.unload()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to unconfigured after a transition that raised."""
        self._stop()
        self.unload()
        return super().on_error(state)

    def destroy_node(self) -> None:
        """Stop the worker before what it publishes with goes away."""
        self._stop()
        super().destroy_node()

    def _open_inputs(self) -> None:
        for source in self._inputs:
            source.open()

    def _close_inputs(self) -> None:
        for source in self._inputs:
            source.close()

    def _stop(self) -> None:
        self._close_inputs()
        self._worker.stop()

    # Requests.

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = request.data
        if not self._enabled:
            self._close_inputs()
        elif self._worker.running:
            self._open_inputs()
        response.success = True
        response.message = 'enabled' if self._enabled else 'disabled: no images are taken'
        return response

    def _on_second(self) -> None:
        self._worker.check()
        for source in self._inputs:
            source.refresh()
        obstacle = self._obstacle()
        for camera in self.cameras:
            level, message, values = camera.examine(obstacle, self.concern(camera))
            self._diagnostics.publish(
                conversions.diagnostics(
                    f'{self.get_fully_qualified_name()}: {camera.input("images")}',
                    camera.images.topic,
                    level,
                    message,
                    {**values, **self.figures(camera)},
                    conversions.header(self.get_clock().now().to_msg(), ''),
                )
            )

    def _obstacle(self) -> tuple[str, str]:
        """Say what keeps this node from taking images, as (level, sentence), if anything does."""
        name = self.get_fully_qualified_name()
        if self._load_failure:
            return 'error', self._load_failure
        state = self._state_machine.current_state[1]
        if state == 'finalized':
            return 'warn', 'finalized; only a new process can be activated'
        if not self._worker.running:
            steps = {'unconfigured': 'configure, then activate'}.get(state, 'activate')
            return 'warn', f'not active; ros2 lifecycle set {name} {steps}'
        if not self._enabled:
            return 'ok', f'disabled; call {name}/enable'
        return 'warn', self._stopped_clock()

    def _stopped_clock(self) -> str:
        """Say why simulated time does not go on; empty if it does, or is not used."""
        if not self.get_parameter('use_sim_time').value:
            return ''
        now_ns = self.get_clock().now().nanoseconds
        still_s = self._clock_watch.still_s(now_ns)
        stands = still_s >= SILENT_AFTER_S
        if (stands or not now_ns) and not self.count_publishers('/clock'):
            return 'use_sim_time is set, but nobody publishes /clock'
        if not now_ns:
            return 'use_sim_time is set, but nothing has come on /clock'
        if stands:
            return (
                f'simulated time has stood still at {now_ns * 1e-9:.1f} s for {still_s:.0f} s; '
                'is the simulation paused?'
            )
        return ''
