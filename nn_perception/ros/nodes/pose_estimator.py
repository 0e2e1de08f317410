"""The node ``pose_estimator``: camera images in, people with their joints out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nn_perception.capabilities.poses.defaults import (
    POSE_MAX_PEOPLE,
    POSE_MIN_JOINT_SCORE,
    POSE_MIN_SCORE,
    POSE_PRESETS,
)
from nn_perception.capabilities.poses.depth import flat_positions
from nn_perception.capabilities.poses.overlay import draw_poses, person_colour
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.poses.tracker import FOLLOWED_SHARE, Tracker
from nn_perception.core.results import Person
from nn_perception.ros.base.camera import Camera, View
from nn_perception.ros.base.camera_node import CameraNode, SharedResources
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import parameter
from nn_perception.ros.inputs.depth_input import DepthInput
from nn_perception.ros.inputs.shared_image_subscription import SharedImageSubscriptions
from nn_perception.ros.outputs import conversions
from nn_perception.ros.outputs.hri_bodies import HriBodies
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception_interfaces.msg import HumanPoseArray
import numpy as np
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from visualization_msgs.msg import MarkerArray


@dataclass(frozen=True)
class PoseEstimatorParameters(CameraParameters):
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
class PoseResult:
    """
    The people of one image.

    :param people: best first, with ids
    :param size: width and height of the image in pixels
    """

    people: list[Person]
    size: tuple[int, int]


class PoseOutputs:
    """
    What is known and told of a camera's people.

    :ivar tracker: follows them
    :ivar people: how many there are
    :ivar depth: says where they are in space
    :ivar poses: publishes them
    :ivar markers: publishes their skeletons for rviz
    """

    def __init__(
        self,
        node: LifecycleNode,
        camera: Camera,
        feeds: SharedImageSubscriptions,
        reliability: str,
    ) -> None:
        def publisher(kind: type, topic: str) -> Publisher:
            return node.create_lifecycle_publisher(kind, camera.output(topic), RESULT_QOS)

        self.tracker = Tracker(prefix=f'{camera.name}_p' if camera.name else 'p')
        self.people = 0
        topic = camera.input('depth')
        self.depth = DepthInput(node, feeds, name=topic, reliability=reliability)
        self.poses = publisher(HumanPoseArray, 'poses')
        self.markers = publisher(MarkerArray, 'markers')


class PoseEstimatorNode(CameraNode[PoseEstimatorParameters, PoseResult]):
    """Find the people in every image of a camera, and follow them."""

    def __init__(self, shared_resources: SharedResources | None = None) -> None:
        super().__init__('pose_estimator', PoseEstimatorParameters, shared_resources)
        self._estimator: PoseEstimator | None = None
        reliability = self.parameters.image_reliability
        self._outputs = {
            camera: PoseOutputs(self, camera, self.feeds, reliability) for camera in self.cameras
        }
        for outputs in self._outputs.values():
            self.add_input(outputs.depth)
        self._hri = HriBodies(self) if self.parameters.hri else None

    def load(self) -> None:
        """Open the networks of the preset that the parameters name."""
        preset = self.parameters.preset
        estimator = PoseEstimator.open(preset, self.run_options)
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

    def perceive(self, views: Sequence[View]) -> list[PoseResult]:
        """Find the people in images, and who they are."""
        p = self.parameters
        found = self._estimator.estimate_all(
            [view.image_bgr for view in views],
            min_score=FOLLOWED_SHARE * p.min_score,
            max_people=p.max_people,
        )
        return [self._followed(*pair) for pair in zip(views, found, strict=True)]

    def _followed(self, view: View, found: list[Person]) -> PoseResult:
        p, outputs = self.parameters, self._outputs[view.camera]
        tracker = outputs.tracker
        tracker.start_score = p.min_score
        tracker.max_age_s = p.max_age_s
        tracker.smoothing = p.smoothing
        followed = tracker.update(found, view.when_s)
        outputs.people = len(followed)
        people = [person.without_unsure_joints(p.min_joint_score) for person in followed]
        return PoseResult(people, (view.image_bgr.shape[1], view.image_bgr.shape[0]))

    def publish_result(self, view: View, result: PoseResult) -> None:
        """Publish the people, with positions where there is depth."""
        people, size, header = result.people, result.size, view.header
        outputs = self._outputs[view.camera]
        tolerance_s = self.parameters.depth_tolerance_s
        positions = outputs.depth.positions(people, size, header, tolerance_s)
        outputs.poses.publish(conversions.human_poses(people, positions, header))
        if outputs.markers.get_subscription_count():
            skeletons = _skeletons(result, positions, outputs.depth)
            outputs.markers.publish(conversions.skeleton_markers(skeletons, header))
        if self._hri is not None:
            self._hri.publish(view.camera.name, people, size, outputs.tracker.ids, header)

    def draw(self, image_bgr: np.ndarray, result: PoseResult) -> np.ndarray:
        """Draw the skeletons and ids."""
        return draw_poses(image_bgr, result.people)

    def figures(self, camera: Camera) -> dict[str, object]:
        """Name the networks and what runs them, count the people, tell of the depth."""
        estimator = self._estimator
        model = self.parameters.preset if estimator is None else estimator.title
        device = 'not loaded' if estimator is None else estimator.device
        return {
            'people': self._outputs[camera].people,
            'depth': self._outputs[camera].depth.state(),
            'model': model,
            'device': device,
        }

    def concern(self, camera: Camera) -> str:
        """Tell when depth comes but cannot be used."""
        return self._outputs[camera].depth.concern()


def _skeletons(
    sighting: PoseResult, positions: list[np.ndarray] | None, depth: DepthInput
) -> list[tuple[str, tuple[int, int, int], np.ndarray]]:
    """Place people's joints in space, without depth flat on a picture 1 m ahead."""
    if positions is None:
        camera = depth.camera(sighting.size)
        positions = [flat_positions(person, camera) for person in sighting.people]
    return [
        (person.id, person_colour(person.id), joints)
        for person, joints in zip(sighting.people, positions, strict=True)
    ]
