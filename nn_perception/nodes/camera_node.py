"""
The base of the nodes that turn camera images into results.

The subscription's callback only puts the newest message into a slot. A worker thread
takes it out, decodes, infers and publishes, so that services and parameters answer at
once while a network runs and no result is older than two rounds of the worker. See
docs/camera_nodes.md for the decisions behind it.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
import math
import threading
import time
import traceback
from typing import Generic, Protocol, TypeVar

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.nodes import conversions
from nn_perception.nodes.camera_parameters import CameraParameters
from nn_perception.nodes.diagnostics import CameraHealth, FrameStatistics
from nn_perception.nodes.image_decoding import compressed_to_bgr, to_bgr
from nn_perception.nodes.image_input import ImageInput, ImageMessage
from nn_perception.nodes.latest import LatestSlot
from nn_perception.nodes.lifecycle_guard import guard_change_state
from nn_perception.nodes.memory import give_back_freed_memory
from nn_perception.nodes.parameters import LiveParameters
from nn_perception.nodes.stopping import interruptible
import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool

RESULT_QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
LATCHED_QOS = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)

DIAGNOSTICS_PERIOD_S = 1.0
WORKER_END_S = 10.0

# What a bad frame or a failing device may raise; anything else is a bug and ends the process.
FRAME_ERRORS = (ValueError, OSError, RuntimeError, MemoryError, cv2.error)


P = TypeVar('P', bound=CameraParameters)
R = TypeVar('R')


class Input(Protocol):
    """What a camera node listens to while it is active and enabled."""

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""

    def close(self) -> None:
        """Unsubscribe; does nothing if it is closed."""

    def refresh(self) -> None:
        """Follow changes of the publishers; called once a second."""


class CameraNode(LifecycleNode, Generic[P, R]):
    """
    Lifecycle, images in, results out, for one perception with results of type ``R``.

    A capability writes :meth:`load`, :meth:`unload`, :meth:`perceive`,
    :meth:`publish_result`, :meth:`draw` and :meth:`figures`.

    :param name: default name of the node
    :param kind: the dataclass of its parameters
    :raises ParameterError: if a parameter's start value is refused
    """

    def __init__(self, name: str, kind: type[P]) -> None:
        super().__init__(name)
        self._live = LiveParameters(self, kind, self.on_parameters_changed)
        self._enabled = True
        self._load_failure = ''
        self._statistics = FrameStatistics()
        self._slot: LatestSlot[ImageMessage] = LatestSlot()
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._worker: Future[None] | None = None
        self._stopped = threading.Event()
        self._input = ImageInput(
            self,
            transport=self.parameters.image_transport,
            reliability=self.parameters.image_reliability,
            on_image=self._slot.put,
        )
        self._inputs: list[Input] = [self._input]
        self._overlay = self.create_lifecycle_publisher(Image, '~/overlay', RESULT_QOS)
        self._health = CameraHealth(self._input, self._slot, self._statistics)
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

    # What a capability writes.

    def load(self) -> None:
        """Make the network ready; ValueError, OSError or RuntimeError says why it cannot be."""
        raise NotImplementedError

    def unload(self) -> None:
        """Free the network's memory; called also when nothing is loaded."""
        raise NotImplementedError

    def perceive(self, image_bgr: np.ndarray, stamp_s: float) -> R:
        """Find what is in one image (uint8 BGR, ``(H, W, 3)``); runs in the worker thread."""
        raise NotImplementedError

    def publish_result(self, result: R, header: Header) -> None:
        """Publish a result under the header of its image; runs in the worker thread."""
        raise NotImplementedError

    def draw(self, image_bgr: np.ndarray, result: R) -> np.ndarray:
        """Draw a result on a copy of its image; called only while somebody watches."""
        raise NotImplementedError

    def figures(self) -> dict[str, object]:
        """Describe the loaded network, and the results, for the diagnostics."""
        raise NotImplementedError

    def concern(self) -> str:
        """Say in one sentence what was amiss with the results since the last call, if anything."""
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
            with interruptible():
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
        give_back_freed_memory()
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to take images."""
        result = super().on_activate(state)
        self._stopped.clear()
        self._slot.open()
        self._worker = self._threads.submit(self._work)
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
        self._threads.shutdown(wait=False)
        super().destroy_node()

    def _open_inputs(self) -> None:
        for source in self._inputs:
            source.open()

    def _close_inputs(self) -> None:
        for source in self._inputs:
            source.close()

    def _stop(self) -> None:
        self._close_inputs()
        self._stopped.set()
        self._slot.close()
        if self._worker is not None:
            # At most one inference; its result is still published.
            wait((self._worker,), timeout=WORKER_END_S)
            self._worker = None

    # Frames.

    def _work(self) -> None:
        """Process the newest image again and again; the worker thread's life."""
        while (msg := self._slot.take()) is not None:
            started = time.monotonic()
            self._process(msg)
            self._await_turn(started)

    def _await_turn(self, started: float) -> None:
        """Wait as long as ``max_rate`` asks for, which may change meanwhile."""
        while rate := self.parameters.max_rate:
            left_s = started + 1.0 / rate - time.monotonic()
            if left_s <= 0 or self._stopped.wait(min(left_s, 0.1)):
                return

    def _process(self, msg: ImageMessage) -> None:
        started = time.monotonic()
        stamp_s = conversions.stamp_seconds(msg.header.stamp)
        try:
            image = to_bgr(msg) if isinstance(msg, Image) else compressed_to_bgr(msg)
            result = self.perceive(image, stamp_s)
        except FRAME_ERRORS as error:
            if self._statistics.refuse(str(error)):
                self.get_logger().warning(f'an image was refused: {error}')
            return
        inference_ms = (time.monotonic() - started) * 1e3
        self.publish_result(result, msg.header)
        age_ms = (self.get_clock().now().nanoseconds * 1e-9 - stamp_s) * 1e3
        self._statistics.record(inference_ms, age_ms if stamp_s else math.nan)
        if self._overlay.get_subscription_count():
            self._publish_overlay(image, result, msg.header)

    def _publish_overlay(self, image: np.ndarray, result: R, header: Header) -> None:
        try:
            self._overlay.publish(conversions.image(self.draw(image, result), header))
        except FRAME_ERRORS as error:
            # The frame has its result; only the picture of it is missing.
            self.get_logger().warning(
                f'an overlay could not be drawn: {error}', throttle_duration_sec=10.0
            )

    # Requests.

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = request.data
        if not self._enabled:
            self._close_inputs()
        elif self._worker is not None:
            self._open_inputs()
        response.success = True
        response.message = 'enabled' if self._enabled else 'disabled: no images are taken'
        return response

    def _on_second(self) -> None:
        if self._worker is not None and self._worker.done():
            # A bug ended the worker: end the process with its traceback, so that
            # whoever supervises it sees the failure and can start it anew.
            self._worker.result()
        for source in self._inputs:
            source.refresh()
        level, message, values = self._health.examine(self._obstacle(), self.concern())
        values.update(self.figures())
        self._diagnostics.publish(
            conversions.diagnostics(
                f'{self.get_fully_qualified_name()}: images',
                self._input.topic,
                level,
                message,
                values,
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
        if self._worker is None:
            steps = {'unconfigured': 'configure, then activate'}.get(state, 'activate')
            return 'warn', f'not active; ros2 lifecycle set {name} {steps}'
        if not self._enabled:
            return 'ok', f'disabled; call {name}/enable'
        simulated = self.get_parameter('use_sim_time').value
        if simulated and not self.get_clock().now().nanoseconds:
            return 'warn', 'use_sim_time is set, but nobody publishes /clock'
        return '', ''
