"""The node ``pose_estimator``: camera images in, people with their joints out."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.nodes import conversions
from nn_perception.nodes.camera_node import CameraNode, RESULT_QOS
from nn_perception.nodes.camera_parameters import CameraParameters
from nn_perception.nodes.depth_input import DepthInput
from nn_perception.nodes.hri_topics import HriTopics
from nn_perception.nodes.parameters import parameter
from nn_perception.vision.depth import flat_positions
from nn_perception.vision.draw import draw_poses, person_colour
from nn_perception.vision.options import (
    POSE_MAX_PEOPLE,
    POSE_MIN_JOINT_SCORE,
    POSE_MIN_SCORE,
    POSE_PRESETS,
)
from nn_perception.vision.pose.estimator import PoseEstimator
from nn_perception.vision.results import Person
from nn_perception.vision.tracking import FOLLOWED_SHARE, Tracker
from nn_perception_interfaces.msg import HumanPoseArray
import numpy as np
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray


@dataclass(frozen=True)
class PoseParameters(CameraParameters):
    """Parameters of the node ``pose_estimator``."""

    preset: str = parameter(
        'fast',
        'fast; accurate, which looks at each person again; or a network of torchvision, which '
        'is downloaded once',
        choices=POSE_PRESETS,
        read_only=True,
    )
    min_score: float = parameter(
        POSE_MIN_SCORE,
        'people below this score are left out; one who is followed already may have less',
        minimum=0.0,
        maximum=1.0,
    )
    min_joint_score: float = parameter(
        POSE_MIN_JOINT_SCORE,
        'joints below this score count as not seen',
        minimum=0.0,
        maximum=1.0,
    )
    max_people: int = parameter(
        POSE_MAX_PEOPLE, 'people in a result at most', minimum=1, maximum=100
    )
    max_age_s: float = parameter(
        1.0,
        'who is hidden for longer gets a new id',
        unit='s',
        minimum=0.0,
        maximum=60.0,
    )
    smoothing: bool = parameter(False, 'take the tremble out of the joints, with hardly a lag')
    depth_tolerance_s: float = parameter(
        0.05,
        'how far the stamps of an image and its depth may be apart',
        unit='s',
        minimum=0.0,
        maximum=10.0,
    )
    hri: bool = parameter(
        True, 'publish below /humans/bodies too (REP 155), if hri_msgs is there', read_only=True
    )


@dataclass(frozen=True)
class Sighting:
    """
    The people of one image.

    :param people: best first, with ids
    :param size: width and height of the image in pixels
    """

    people: list[Person]
    size: tuple[int, int]


class PoseNode(CameraNode[PoseParameters, Sighting]):
    """Find the people in every image of a camera, and follow them."""

    def __init__(self) -> None:
        super().__init__('pose_estimator', PoseParameters)
        self._estimator: PoseEstimator | None = None
        self._tracker = Tracker()
        self._people = 0
        self._depth = DepthInput(self, reliability=self.parameters.image_reliability)
        self.add_input(self._depth)
        self._poses = self.create_lifecycle_publisher(HumanPoseArray, '~/poses', RESULT_QOS)
        self._markers = self.create_lifecycle_publisher(MarkerArray, '~/markers', RESULT_QOS)
        self._hri = HriTopics(self) if self.parameters.hri else None

    def load(self) -> None:
        """Open the networks of the preset that the parameters name."""
        p = self.parameters
        estimator = PoseEstimator.open(
            p.preset, engine=p.engine, device=p.device, threads=p.threads
        )
        # The first run of a network is slow; no image should wait for it.
        estimator.warm_up()
        self._estimator = estimator

    def unload(self) -> None:
        """Let go of the networks."""
        if self._estimator is not None:
            self._estimator.close()
            self._estimator = None

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop, and let nobody be seen who is not looked at any more."""
        result = super().on_deactivate(state)
        if self._hri is not None:
            self._hri.clear()
        return result

    def perceive(self, image_bgr: np.ndarray, stamp_s: float) -> Sighting:
        """Find the people in one image, and who they are."""
        p = self.parameters
        self._tracker.start_score = p.min_score
        self._tracker.max_age_s = p.max_age_s
        self._tracker.smoothing = p.smoothing
        found = self._estimator.estimate(
            image_bgr, min_score=FOLLOWED_SHARE * p.min_score, max_people=p.max_people
        )
        # Images without a stamp are told apart by when they arrive.
        when_s = stamp_s or self.get_clock().now().nanoseconds * 1e-9
        followed = self._tracker.update(found, when_s)
        self._people = len(followed)
        people = [person.without_unsure_joints(p.min_joint_score) for person in followed]
        return Sighting(people, (image_bgr.shape[1], image_bgr.shape[0]))

    def publish_result(self, result: Sighting, header: Header) -> None:
        """Publish the people, with positions where there is depth."""
        people, size = result.people, result.size
        positions = self._depth.positions(people, size, header, self.parameters.depth_tolerance_s)
        self._poses.publish(conversions.human_poses(people, positions, header))
        if self._markers.get_subscription_count():
            self._publish_markers(result, positions, header)
        if self._hri is not None:
            self._hri.publish(people, size, self._tracker.ids, header)

    def draw(self, image_bgr: np.ndarray, result: Sighting) -> np.ndarray:
        """Draw the skeletons and ids."""
        return draw_poses(image_bgr, result.people)

    def figures(self) -> dict[str, object]:
        """Name the networks and what runs them, count the people, tell of the depth."""
        estimator = self._estimator
        model = self.parameters.preset if estimator is None else estimator.title
        device = 'not loaded' if estimator is None else estimator.device
        return {
            'people': self._people,
            'depth': self._depth.state(),
            'model': model,
            'device': device,
        }

    def concern(self) -> str:
        """Tell when depth comes but cannot be used."""
        return self._depth.concern()

    def _publish_markers(
        self, result: Sighting, positions: list[np.ndarray] | None, header: Header
    ) -> None:
        """Draw skeletons in space, or without depth flat on a picture 1 m ahead."""
        if positions is None:
            camera = self._depth.camera(result.size)
            positions = [flat_positions(person, camera) for person in result.people]
        skeletons = [
            (person.id, person_colour(person.id), joints)
            for person, joints in zip(result.people, positions, strict=True)
        ]
        self._markers.publish(conversions.skeleton_markers(skeletons, header))
