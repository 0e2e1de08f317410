"""What happens around the nodes while they work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
import random

from lifecycle_msgs.msg import Transition
from nn_perception.benchmark.probe_node import photograph
from nn_perception.benchmark.soak.cameras import Cameras
from nn_perception.benchmark.soak.image_messages import ImageFactory
from nn_perception.benchmark.soak.listener import (
    DIGIT_READER,
    MonitoredNode,
    NODES,
    POSE_ESTIMATOR,
    ResultListener,
    TAGGER,
)
from nn_perception.benchmark.soak.parameter_changes import defaults, random_change
from nn_perception.benchmark.soak.requests import Requests
from nn_perception.benchmark.soak.scripts import after, Condition, Script, ScriptRunner
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

# Within this time a publisher usually finds its subscribers.
DISCOVERY_S = 0.6
JPEG_PERIOD_S = 0.1
# An image that gets no result within the first time is sent again, until the second one.
RESEND_S = 0.5
IMAGE_LIMIT_S = 3.0
# Every request and process that a disturbance waits for has a shorter limit.
QUIET_LIMIT_S = 120.0
NO_SUCH_TRANSITION = 99
FROM_INACTIVE = (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CONFIGURE)
FROM_ACTIVE = (Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_CLEANUP)
# Not the fourth: reloading a node would hide what accumulates in it.
RELOADED = (TAGGER.name, DIGIT_READER.name, POSE_ESTIMATOR.name)


@dataclass(frozen=True)
class Surroundings:
    """
    What the disturbances act on.

    :param node: that owns their publishers and subscriptions
    :param listener: to the results of the nodes
    :param requests: to the nodes
    :param cameras: that play to the nodes
    """

    node: Node
    listener: ResultListener
    requests: Requests
    cameras: Cameras


class Disturbances:
    """
    Start scripts during a disturbed phase; each restores what it has changed.

    :ivar counts: how often each disturbance was applied

    :param surroundings: what they act on
    :param rng: decides when, what and where
    """

    def __init__(self, surroundings: Surroundings, rng: random.Random) -> None:
        self.counts: Counter[str] = Counter()
        self._node = surroundings.node
        self._results = surroundings.listener.results
        self._requests = surroundings.requests
        self._cameras = surroundings.cameras
        self._rng = rng
        self._images = ImageFactory(photograph(), rng)
        self._scripts = ScriptRunner()
        self._disturbing = False
        self._resetting = False
        # Names of nodes whose lifecycle state, or enabled state, a script is changing.
        self._in_transition: set[str] = set()
        self._paused: set[str] = set()
        self._jpeg = self._node.create_publisher(CompressedImage, '/jpeg/image/compressed', 1)
        self._permanent = ScriptRunner()
        self._permanent.start(self._publish_jpegs())

    def begin(self) -> None:
        """Start the disturbed phase."""
        self._disturbing = True
        for kind, period_s in (
            (self._set_parameter, 0.3),
            (self._change_some_state, 3.0),
            (self._pause, 4.0),
            (self._subscribe, 2.0),
            (self._publish_images, 2.5),
            (self._add_camera, 8.0),
            (self._replace_camera, 25.0),
        ):
            self._scripts.start(self._repeat(kind, period_s))

    def end(self) -> None:
        """Start nothing more; let the scripts finish, then reset the nodes."""
        self._disturbing = False
        self._scripts.start(self._reset())

    @property
    def quiet(self) -> bool:
        """Whether nothing disturbs the nodes any more, and everything is as it was."""
        return not self._disturbing and not len(self._scripts)

    def step(self) -> None:
        """Continue the scripts."""
        self._scripts.step()
        self._permanent.step()

    def _over(self) -> bool:
        return not self._disturbing

    def _repeat(self, kind: Callable[[], Script], period_s: float) -> Script:
        while True:
            yield after(self._rng.uniform(0.3, 1.7) * period_s, self._over)
            if not self._disturbing:
                return
            self._scripts.start(kind())

    def _alone(self) -> bool:
        return len(self._scripts) == 1

    def _reset(self) -> Script:
        """
        Bring the nodes to the state in which they are measured, the same in every round.

        Reloading returns the memory that they have freed. Then they process everything that
        makes them allocate memory again, whatever the last disturbances happened to be.
        """
        yield self._alone
        for monitored in NODES:
            for parameter, value in defaults(monitored.name).items():
                yield self._requests.set_parameter(monitored.name, parameter, value, True)
        for name in RELOADED:
            self._scripts.start(self._change_state(name, reload=True))
        yield self._alone
        yield from self._cameras.end_all()
        self._resetting = True
        for monitored in NODES:
            self._scripts.start(
                self._subscribe_to(monitored, QUIET_LIMIT_S, lambda: not self._resetting)
            )
        yield from self._publish_every_kind()
        self._resetting = False
        self._cameras.start_main()
        yield self._alone

    def _publish_every_kind(self) -> Script:
        """Publish every size and encoding, each until all nodes have processed it."""
        publisher = self._node.create_publisher(Image, 'image', 1)
        for frame_id, make in self._images.every_valid():
            given_up = after(IMAGE_LIMIT_S)
            while not (self._processed(frame_id) or given_up()):
                publisher.publish(make())
                yield after(RESEND_S, partial(self._processed, frame_id))
        self._node.destroy_publisher(publisher)

    def _processed(self, frame_id: str) -> bool:
        return all(self._results[name].newest_frame_id == frame_id for name in RELOADED)

    # Requests.

    def _set_parameter(self) -> Script:
        name = self._rng.choice(NODES).name
        parameter, value, accepted = random_change(self._rng, name)
        self.counts['parameters set' if accepted else 'parameters refused'] += 1
        yield self._requests.set_parameter(name, parameter, value, accepted)

    def _change_some_state(self) -> Script:
        name = self._rng.choice(NODES).name
        reload = name in RELOADED and self._rng.random() < 0.4
        yield from self._change_state(name, reload=reload)

    def _change_state(self, name: str, *, reload: bool) -> Script:
        if name in self._in_transition:
            return
        self._in_transition.add(name)
        request, rng = self._requests.change_state, self._rng
        yield request(name, rng.choice((*FROM_ACTIVE, NO_SUCH_TRANSITION)), False)
        yield request(name, Transition.TRANSITION_DEACTIVATE)
        yield after(rng.uniform(0.0, 0.5))
        yield request(name, rng.choice((*FROM_INACTIVE, NO_SUCH_TRANSITION)), False)
        if reload:
            yield request(name, Transition.TRANSITION_CLEANUP)
            yield request(name, Transition.TRANSITION_ACTIVATE, False)
            yield request(name, Transition.TRANSITION_CONFIGURE)
        yield request(name, Transition.TRANSITION_ACTIVATE)
        self.counts['reloaded' if reload else 'deactivated and activated'] += 1
        self.counts['transitions refused'] += 3 if reload else 2
        self._in_transition.remove(name)

    def _pause(self) -> Script:
        name = self._rng.choice(NODES).name
        if name in self._paused:
            return
        self._paused.add(name)
        self.counts['paused by enable'] += 1
        yield self._requests.enable(name, False)
        yield after(self._rng.uniform(0.0, 1.5), self._over)
        yield self._requests.enable(name, True)
        self._paused.remove(name)

    # Topics.

    def _subscribe(self) -> Script:
        monitored = self._rng.choice([node for node in NODES if node.overlays])
        yield from self._subscribe_to(monitored, self._rng.uniform(0.2, 4.0), self._over)

    def _subscribe_to(self, monitored: MonitoredNode, seconds: float, unless: Condition) -> Script:
        """Subscribe to the overlays of a node, as bytes, which costs this process little."""
        subscriptions = [
            self._node.create_subscription(kind, topic, lambda _: None, 1, raw=True)
            for topic, kind in monitored.overlays
        ]
        self.counts['subscribers of pictures'] += len(subscriptions)
        yield after(seconds, unless)
        for subscription in subscriptions:
            self._node.destroy_subscription(subscription)

    def _publish_images(self) -> Script:
        """Publish valid and invalid images from this process for a moment."""
        makers = (
            self._images.random_valid,
            self._images.random_invalid,
            self._images.random_invalid,
        )
        yield from self._publish(self._rng.choices(makers, k=self._rng.randint(5, 40)))

    def _publish(self, makers: Sequence[Callable[[], Image]]) -> Script:
        reliability = self._rng.choice((ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT))
        publisher = self._node.create_publisher(
            Image, 'image', QoSProfile(depth=1, reliability=reliability)
        )
        self.counts['publishers in this process'] += 1
        yield after(DISCOVERY_S)
        for make in makers:
            self.counts['images sent by them'] += 1
            publisher.publish(make())
            yield after(self._rng.uniform(0.0, 0.1))
        self._node.destroy_publisher(publisher)

    def _publish_jpegs(self) -> Script:
        while True:
            self._jpeg.publish(self._images.jpeg())
            yield after(JPEG_PERIOD_S)

    # Processes.

    def _add_camera(self) -> Script:
        self.counts['camera processes'] += 1
        yield from self._cameras.play_beside(self._rng.uniform(0.0, 8.0), self._over)

    def _replace_camera(self) -> Script:
        self.counts['camera replaced'] += 1
        yield from self._cameras.replace_main()
