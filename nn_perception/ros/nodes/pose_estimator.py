"""The node ``pose_estimator``: finds and tracks people in the images of its cameras."""

from __future__ import annotations

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
from nn_perception.capabilities.poses.pipeline import PoseOptions, PosePipeline
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.core.frame import Frame
from nn_perception.core.results import Person
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import Contract, parameter
from nn_perception.ros.base.pipeline_node import PipelineNode
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.inputs.depth_input import DepthInput
from nn_perception.ros.outputs.hri_bodies import HriBodies
from nn_perception.ros.outputs.markers import Skeleton, skeleton_markers
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.ros.outputs.result_messages import RESULT_MESSAGES
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
        Contract(
            'fast; accurate: refines each person; or a torchvision network, which is downloaded '
            'once',
            choices=POSE_PRESETS,
            read_only=True,
        ),
    )
    min_score: float = parameter(
        POSE_MIN_SCORE,
        Contract(
            'minimum score of a person; an existing track may have a lower score',
            minimum=0.0,
            maximum=1.0,
        ),
    )
    min_joint_score: float = parameter(
        POSE_MIN_JOINT_SCORE,
        Contract('joints below this score count as not seen', minimum=0.0, maximum=1.0),
    )
    max_people: int = parameter(
        POSE_MAX_PEOPLE, Contract('maximum number of people per result', minimum=1, maximum=100)
    )
    max_age_s: float = parameter(
        1.0,
        Contract(
            'lost-track timeout: a person out of sight for longer gets a new id',
            unit='s',
            minimum=0.0,
            maximum=60.0,
        ),
    )
    smoothing: bool = parameter(False, Contract('smooth the keypoints, with low lag'))
    depth_tolerance_s: float = parameter(
        0.05,
        Contract(
            'maximum difference between the timestamps of an image and its depth',
            unit='s',
            minimum=0.0,
            maximum=10.0,
        ),
    )
    hri: bool = parameter(
        True,
        Contract(
            'also publish below /humans/bodies (REP 155), if hri_msgs is installed', read_only=True
        ),
    )


class PoseOutputs:
    """
    Depth and publishers for the people of one camera.

    :ivar people: number of people in the newest image
    :ivar depth: locates their joints in space
    :ivar poses: publishes the people
    :ivar markers: publishes their skeletons for rviz
    """

    def __init__(self, node: LifecycleNode, camera: Camera, depth: DepthInput) -> None:
        self.people = 0
        self.depth = depth
        self.poses = node.create_lifecycle_publisher(
            HumanPoseArray, camera.output('poses'), RESULT_QOS
        )
        self.markers = node.create_lifecycle_publisher(
            MarkerArray, camera.output('markers'), RESULT_QOS
        )


class PoseEstimatorNode(PipelineNode[PoseEstimatorParameters, list[Person], PosePipeline]):
    """Find the people in every image of its cameras, and track them."""

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('pose_estimator', PoseEstimatorParameters, shared)
        self._outputs = {camera.name: self._new_outputs(camera) for camera in self.cameras}
        self._hri = HriBodies(self) if self.parameters.hri else None

    def _new_outputs(self, camera: Camera) -> PoseOutputs:
        wanted = self.parameters.wanted_qos
        depth = DepthInput(self, self.image_subscriptions, camera.input('depth'), wanted)
        self.add_input(depth)
        return PoseOutputs(self, camera, depth)

    def requested_model(self) -> str:
        """Name the preset that the parameters ask for."""
        return self.parameters.preset

    def open_pipeline(self) -> PosePipeline:
        """Open the networks of the preset."""
        estimator = PoseEstimator.open(self.parameters.preset, self.run_options)
        return PosePipeline(estimator, self._pose_options())

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop, and clear the published bodies."""
        result = super().on_deactivate(state)
        if self._hri is not None:
            self._hri.clear()
        return result

    def publish(self, frame: Frame, result: list[Person]) -> None:
        """Publish the people, with positions if there is depth."""
        outputs, header = self._outputs[frame.source], frame.header
        outputs.people = len(result)
        positions = outputs.depth.positions(result, frame, self.parameters.depth_tolerance_s)
        outputs.poses.publish(RESULT_MESSAGES.human_poses(result, header, positions))
        if outputs.markers.get_subscription_count():
            skeletons = _skeletons(result, positions, outputs.depth, frame)
            outputs.markers.publish(skeleton_markers(skeletons, header))
        if self._hri is not None and self.pipeline is not None:
            tracked_ids = self.pipeline.tracker(frame.source).ids
            self._hri.publish(frame, result, tracked_ids)

    def draw(self, image_bgr: NDArray[np.uint8], result: list[Person]) -> NDArray[np.uint8]:
        """Draw the skeletons and ids."""
        return draw_poses(image_bgr, result)

    def diagnostic_values(self, camera: Camera) -> dict[str, object]:
        """Count the people, and name the state of depth, the networks and their device."""
        outputs = self._outputs[camera.name]
        return {
            'people': outputs.people,
            'depth': outputs.depth.state(),
            **super().diagnostic_values(camera),
        }

    def warning(self, camera: Camera) -> str:
        """Say why depth cannot be used."""
        return self._outputs[camera.name].depth.warning()

    def on_parameters_changed(self, previous: PoseEstimatorParameters) -> None:  # noqa: ARG002
        """Adopt the new options."""
        if self.pipeline is not None:
            self.pipeline.options = self._pose_options()

    def _pose_options(self) -> PoseOptions:
        p = self.parameters
        return PoseOptions(p.min_score, p.min_joint_score, p.max_people, p.max_age_s, p.smoothing)


def _skeletons(
    people: list[Person],
    positions: list[NDArray[np.float64]] | None,
    depth: DepthInput,
    frame: Frame,
) -> list[Skeleton]:
    """Locate skeletons in space; without depth, in a plane 1 m in front of the camera."""
    if positions is None:
        camera = depth.camera(frame.size)
        positions = [flat_positions(person, camera) for person in people]
    return [
        Skeleton(person.id, person_colour(person.id), joints)
        for person, joints in zip(people, positions, strict=True)
    ]


if __name__ == '__main__':
    sys.exit(main(lambda: PoseEstimatorNode))
