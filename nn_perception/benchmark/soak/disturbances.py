"""What happens around the nodes while they work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
import random

from lifecycle_msgs.msg import Transition
from nn_perception.benchmark.probe_node import photograph
from nn_perception.benchmark.soak.cameras import Cameras
from nn_perception.benchmark.soak.frames import Frames
from nn_perception.benchmark.soak.listener import (
    DIGITS,
    Heard,
    NODES,
    POSES,
    TAGGER,
    Watched,
)
from nn_perception.benchmark.soak.parameter_changes import any_change, defaults
from nn_perception.benchmark.soak.requests import Requests
from nn_perception.benchmark.soak.scripts import after, Condition, Script, Stage
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

# A publisher finds its subscribers within this time, mostly.
DISCOVERY_S = 0.6
JPEG_PERIOD_S = 0.1
# So long an image is waited for before it is sent again, and before it is given up.
PICTURE_S = 0.5
PICTURE_LIMIT_S = 3.0
# Every request and process that a disturbance waits for has a shorter limit.
CALM_LIMIT_S = 120.0
NO_SUCH_TRANSITION = 99
FROM_INACTIVE = (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CONFIGURE)
FROM_ACTIVE = (Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_CLEANUP)
# Not the fourth: what piles up in a node is not to be hidden by loading it anew.
RELOADED = (TAGGER.name, DIGITS.name, POSES.name)


class Disturbances:
    """
    Start scripts as long as there is a storm; each puts back what it has changed.

    :param node: whose publishers and subscriptions they use
    :param heard: the results of the nodes
    :param chance: decides when, what and where
    """

    def __init__(
        self,
        node: Node,
        heard: Mapping[str, Heard],
        requests: Requests,
        cameras: Cameras,
        chance: random.Random,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._node = node
        self._heard = heard
        self._requests = requests
        self._cameras = cameras
        self._chance = chance
        self._frames = Frames(photograph(), chance)
        self._stage = Stage()
        self._storm = False
        self._touring = False
        # Names of nodes whose state, or whose being enabled, a script is changing.
        self._in_transition: set[str] = set()
        self._pausing: set[str] = set()
        self._jpeg = node.create_publisher(CompressedImage, '/jpeg/image/compressed', 1)
        self._always = Stage()
        self._always.start(self._jpegs())

    def begin(self) -> None:
        """Let the storm begin."""
        self._storm = True
        for kind, often_s in (
            (self._parameter, 0.3),
            (self._transitions, 3.0),
            (self._pause, 4.0),
            (self._onlooker, 2.0),
            (self._stranger, 2.5),
            (self._visitor, 8.0),
            (self._replacement, 25.0),
        ):
            self._stage.start(self._again_and_again(kind, often_s))

    def calm_down(self) -> None:
        """Start nothing more; what goes on comes to its end, then the tour, then the calm."""
        self._storm = False
        self._stage.start(self._tour())

    @property
    def calm(self) -> bool:
        """Whether nothing disturbs the nodes any more, and all is as it was."""
        return not self._storm and not len(self._stage)

    def step(self) -> None:
        """Go on."""
        self._stage.step()
        self._always.step()

    def _over(self) -> bool:
        return not self._storm

    def _again_and_again(self, kind: Callable[[], Script], often_s: float) -> Script:
        while True:
            yield after(self._chance.uniform(0.3, 1.7) * often_s, self._over)
            if not self._storm:
                return
            self._stage.start(kind())

    def _alone(self) -> bool:
        return len(self._stage) == 1

    def _tour(self) -> Script:
        """
        Bring the nodes to the state in which they are measured, the same after every storm.

        They are loaded anew, which gives freed memory back, and then see everything that makes
        them take more again, whatever the storm happened to do last.
        """
        yield self._alone
        for watched in NODES:
            for parameter, value in defaults(watched.name).items():
                yield self._requests.set_parameter(watched.name, parameter, value, True)
        for name in RELOADED:
            self._stage.start(self._change_state(name, reload=True))
        yield self._alone
        yield from self._cameras.end_all()
        self._touring = True
        for watched in NODES:
            self._stage.start(self._watch(watched, CALM_LIMIT_S, lambda: not self._touring))
        yield from self._show_everything()
        self._touring = False
        self._cameras.begin_anew()
        yield self._alone

    def _show_everything(self) -> Script:
        """Publish every size and encoding, each until all nodes have processed it."""
        publisher = self._node.create_publisher(Image, 'image', 1)
        for frame_id, make in self._frames.every_good():
            until = after(PICTURE_LIMIT_S)
            while not (self._seen(frame_id) or until()):
                publisher.publish(make())
                yield after(PICTURE_S, partial(self._seen, frame_id))
        self._node.destroy_publisher(publisher)

    def _seen(self, frame_id: str) -> bool:
        return all(self._heard[name].newest_frame_id == frame_id for name in RELOADED)

    # Requests.

    def _parameter(self) -> Script:
        name = self._chance.choice(NODES).name
        parameter, value, accepted = any_change(self._chance, name)
        self.counts['parameters set' if accepted else 'parameters refused'] += 1
        yield self._requests.set_parameter(name, parameter, value, accepted)

    def _transitions(self) -> Script:
        name = self._chance.choice(NODES).name
        reload = name in RELOADED and self._chance.random() < 0.4
        yield from self._change_state(name, reload=reload)

    def _change_state(self, name: str, *, reload: bool) -> Script:
        if name in self._in_transition:
            return
        self._in_transition.add(name)
        ask, chance = self._requests.change_state, self._chance
        yield ask(name, chance.choice((*FROM_ACTIVE, NO_SUCH_TRANSITION)), False)
        yield ask(name, Transition.TRANSITION_DEACTIVATE)
        yield after(chance.uniform(0.0, 0.5))
        yield ask(name, chance.choice((*FROM_INACTIVE, NO_SUCH_TRANSITION)), False)
        if reload:
            yield ask(name, Transition.TRANSITION_CLEANUP)
            yield ask(name, Transition.TRANSITION_ACTIVATE, False)
            yield ask(name, Transition.TRANSITION_CONFIGURE)
        yield ask(name, Transition.TRANSITION_ACTIVATE)
        self.counts['reloaded' if reload else 'deactivated and activated'] += 1
        self.counts['transitions refused'] += 3 if reload else 2
        self._in_transition.remove(name)

    def _pause(self) -> Script:
        name = self._chance.choice(NODES).name
        if name in self._pausing:
            return
        self._pausing.add(name)
        self.counts['paused by enable'] += 1
        yield self._requests.enable(name, False)
        yield after(self._chance.uniform(0.0, 1.5), self._over)
        yield self._requests.enable(name, True)
        self._pausing.remove(name)

    # Topics.

    def _onlooker(self) -> Script:
        watched = self._chance.choice([each for each in NODES if each.pictures])
        yield from self._watch(watched, self._chance.uniform(0.2, 4.0), self._over)

    def _watch(self, watched: Watched, seconds: float, unless: Condition) -> Script:
        """Look at what a node draws; as bytes, which costs this process little."""
        subscriptions = [
            self._node.create_subscription(kind, topic, lambda _: None, 1, raw=True)
            for topic, kind in watched.pictures
        ]
        self.counts['subscribers of pictures'] += len(subscriptions)
        yield after(seconds, unless)
        for subscription in subscriptions:
            self._node.destroy_subscription(subscription)

    def _stranger(self) -> Script:
        """Let somebody publish, for a moment, images of all kinds, good ones and bad ones."""
        makers = (self._frames.any_good, self._frames.bad, self._frames.bad)
        yield from self._send(self._chance.choices(makers, k=self._chance.randint(5, 40)))

    def _send(self, makers: Sequence[Callable[[], Image]]) -> Script:
        reliability = self._chance.choice(
            (ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT)
        )
        publisher = self._node.create_publisher(
            Image, 'image', QoSProfile(depth=1, reliability=reliability)
        )
        self.counts['publishers in this process'] += 1
        yield after(DISCOVERY_S)
        for make in makers:
            self.counts['images sent by them'] += 1
            publisher.publish(make())
            yield after(self._chance.uniform(0.0, 0.1))
        self._node.destroy_publisher(publisher)

    def _jpegs(self) -> Script:
        while True:
            self._jpeg.publish(self._frames.jpeg())
            yield after(JPEG_PERIOD_S)

    # Processes.

    def _visitor(self) -> Script:
        self.counts['camera processes'] += 1
        yield from self._cameras.visitor(self._chance.uniform(0.0, 8.0), self._over)

    def _replacement(self) -> Script:
        self.counts['camera replaced'] += 1
        yield from self._cameras.replacement()
