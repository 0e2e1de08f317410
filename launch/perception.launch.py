"""
Start perception nodes for one or several cameras, in one process or one process each.

    ros2 launch nn_perception perception.launch.py image:=/camera/image_raw
    ros2 launch nn_perception perception.launch.py cameras:=front,rear image:=image_raw
    ros2 launch nn_perception perception.launch.py nodes:=tagger,pose_estimator preset:=accurate
    ros2 launch nn_perception perception.launch.py params_file:=mine.yaml respawn:=true

Arguments override the params file.
"""

from nn_perception.ros.launch.camera_launch import camera_launch, PERCEPTION_ARGUMENTS

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return camera_launch(PERCEPTION_ARGUMENTS)
