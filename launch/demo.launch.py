"""
Show the results for the sample photographs, in rviz if there is a display.

    ros2 launch nn_perception demo.launch.py
    ros2 launch nn_perception demo.launch.py source:=0                 # a webcam
    ros2 launch nn_perception demo.launch.py source:=walking.mp4 nodes:=pose_estimator
    ros2 launch nn_perception demo.launch.py rviz:=false

It is perception.launch.py with a camera source, and has the same arguments.
"""

import os

from nn_perception.ros.launch.camera_launch import camera_launch, PERCEPTION_ARGUMENTS

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    display = any(os.environ.get(name) for name in ('DISPLAY', 'WAYLAND_DISPLAY'))
    return camera_launch(
        PERCEPTION_ARGUMENTS, defaults={'camera': 'true', 'rviz': 'true' if display else 'false'}
    )
