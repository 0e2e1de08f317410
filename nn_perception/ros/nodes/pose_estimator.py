"""The node ``pose_estimator``: finds and tracks people in the images of its cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import sys

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
from nn_perception.ros.outputs.hri_bodies import HriBodies
from nn_perception.ros.outputs.markers import Skeleton, skeleton_markers
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.ros.outputs.result_messages import human_poses
from nn_perception.ros.process.main import main
from nn_perception_interfaces.msg import HumanPoseArray
import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from visualization_msgs.msg import MarkerArray


@dataclass(frozen=True)
class PoseEstimatorParameters(CameraParameters):
    """Parameters of the node ``pose_estimator``."""

    preset: str = parameter(
        'fast',
        'fast; accurate: refines each person; or a torchvision network, which is downloaded once',
        choices=POSE_PRESETS,
        read_only=True,
    )
    min_score: float = parameter(
        POSE_MIN_SCORE,
        'minimum score of a person; an existing track may have a lower score',
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
        POSE_MAX_PEOPLE, 'maximum number of people per result', minimum=1, maximum=100
    )
    max_age_s: float = parameter(
        1.0,
        'lost-track timeout: a person out of sight for longer gets a new id',
        unit='s',
        minimum=0.0,
        maximum=60.0,
    )
    smoothing: bool = parameter(False, 'smooth the keypoints, with low lag')
    depth_tolerance_s: float = parameter(
        0.05,
        'maximum difference between the timestamps of an image and its depth',
        unit='s',
        minimum=0.0,
        maximum=10.0,
    )
    hri: bool = parameter(
        True,
        'also publish below /humans/bodies (REP 155), if hri_msgs is installed',
        read_only=True,
    )


@dataclass(frozen=True)
class PoseResult:
    """
    The people in one image.

    :ivar people: best first, with ids
    :ivar size: width and height of the image in pixels
    """

    people: list[Person]
    size: tuple[int, int]


class PoseOutputs:
    """
    Tracker, depth and publishers for the people of one camera.

    :ivar tracker: gives people their ids
    :ivar people: number of people in the newest image
    :ivar depth: locates their joints in space
    :ivar poses: publishes the people
    :ivar markers: publishes their skeletons for rviz
    """

    def __init__(self, node: LifecycleNode, camera: Camera, depth: DepthInput) -> None:
        self.tracker = Tracker(prefix=f'{camera.name}_p' if camera.name else 'p')
        self.people = 0
        self.depth = depth
        self.poses = node.create_lifecycle_publisher(
            HumanPoseArray, camera.output('poses'), RESULT_QOS
        )
        self.markers = node.create_lifecycle_publisher(
            MarkerArray, camera.output('markers'), RESULT_QOS
        )


class PoseEstimatorNode(CameraNode[PoseEstimatorParameters, PoseResult]):
    """Find the people in every image of its cameras, and track them."""

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('pose_estimator', PoseEstimatorParameters, shared)
        self._estimator: PoseEstimator | None = None
        self._outputs = {camera: self._new_outputs(camera) for camera in self.cameras}
        self._hri = HriBodies(self) if self.parameters.hri else None

    def _new_outputs(self, camera: Camera) -> PoseOutputs:
        reliability = self.parameters.image_reliability
        depth = DepthInput(self, self.image_subscriptions, camera.input('depth'), reliability)
        self.add_input(depth)
        return PoseOutputs(self, camera, depth)

    def load(self) -> None:
        """Open the networks of the preset."""
        preset = self.parameters.preset
        estimator = PoseEstimator.open(preset, self.run_options)
        # The first run of a network is slow; no image should wait for it.
        estimator.warm_up()
        self._estimator = estimator

    def unload(self) -> None:
        """Close the networks."""
        if self._estimator is not None:
            self._estimator.close()
            self._estimator = None

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop, and clear the published bodies."""
        result = super().on_deactivate(state)
        if self._hri is not None:
            self._hri.clear()
        return result

    def process(self, views: Sequence[View]) -> list[PoseResult]:
        """Find and track people."""
        p = self.parameters
        assert self._estimator is not None
        found = self._estimator.estimate_all(
            [view.image_bgr for view in views],
            min_score=FOLLOWED_SHARE * p.min_score,
            max_people=p.max_people,
        )
        return [self._tracked(*pair) for pair in zip(views, found, strict=True)]

    def _tracked(self, view: View, found: list[Person]) -> PoseResult:
        p, outputs = self.parameters, self._outputs[view.camera]
        tracker = outputs.tracker
        tracker.start_score = p.min_score
        tracker.max_age_s = p.max_age_s
        tracker.smoothing = p.smoothing
        tracked = tracker.update(found, view.when_s)
        outputs.people = len(tracked)
        people = [person.without_unsure_joints(p.min_joint_score) for person in tracked]
        return PoseResult(people, (view.image_bgr.shape[1], view.image_bgr.shape[0]))

    def publish(self, view: View, result: PoseResult) -> None:
        """Publish the people, with positions if there is depth."""
        people, size, header = result.people, result.size, view.header
        outputs = self._outputs[view.camera]
        tolerance_s = self.parameters.depth_tolerance_s
        positions = outputs.depth.positions(people, size, header, tolerance_s)
        outputs.poses.publish(human_poses(people, positions, header))
        if outputs.markers.get_subscription_count():
            skeletons = _skeletons(result, positions, outputs.depth)
            outputs.markers.publish(skeleton_markers(skeletons, header))
        if self._hri is not None:
            self._hri.publish(view.camera.name, people, size, outputs.tracker.ids, header)

    def draw(self, image_bgr: NDArray[np.uint8], result: PoseResult) -> NDArray[np.uint8]:
        """Draw the skeletons and ids."""
        return draw_poses(image_bgr, result.people)

    def diagnostic_values(self, camera: Camera) -> dict[str, object]:
        """Count the people, and name the depth's state, the networks and their device."""
        estimator = self._estimator
        return {
            'people': self._outputs[camera].people,
            'depth': self._outputs[camera].depth.state(),
            'model': self.parameters.preset if estimator is None else estimator.title,
            'device': 'not loaded' if estimator is None else estimator.device,
        }

    def warning(self, camera: Camera) -> str:
        """Say why depth cannot be used."""
        return self._outputs[camera].depth.warning()


def _skeletons(
    result: PoseResult, positions: list[NDArray[np.float64]] | None, depth: DepthInput
) -> list[Skeleton]:
    """Locate skeletons in space; without depth, in a plane 1 m in front of the camera."""
    if positions is None:
        camera = depth.camera(result.size)
        positions = [flat_positions(person, camera) for person in result.people]
    return [
        Skeleton(person.id, person_colour(person.id), joints)
        for person, joints in zip(result.people, positions, strict=True)
    ]


if __name__ == '__main__':
    sys.exit(main(lambda: PoseEstimatorNode))
