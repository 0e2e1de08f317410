"""
Start an estimator of human poses, and a camera beside it where that is wanted.

    ros2 launch nn_perception pose_estimator.launch.py image:=/camera/image_raw
    ros2 launch nn_perception pose_estimator.launch.py camera:=true     # plays people who walk
    ros2 launch nn_perception pose_estimator.launch.py image:=/color depth:=/aligned_depth
    ros2 launch nn_perception pose_estimator.launch.py params_file:=mine.yaml

An argument that is given goes before what the params file says.
"""

from pathlib import Path

import nn_perception
from nn_perception.nodes.camera_launch import camera_node_launch

from launch import LaunchDescription

SAMPLES = Path(nn_perception.__file__).with_name('samples') / 'people'


def generate_launch_description() -> LaunchDescription:
    """Describe what is started."""
    return camera_node_launch(
        'pose_estimator',
        source=str(SAMPLES / 'walking.mp4'),
        topics={'depth': 'topic of depth images, aligned with the images'},
    )
