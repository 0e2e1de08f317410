"""
Start a tagger, optionally with a camera source.

    ros2 launch nn_perception tagger.launch.py image:=/camera/image_raw
    ros2 launch nn_perception tagger.launch.py camera:=true      # plays the sample photographs
    ros2 launch nn_perception tagger.launch.py params_file:=mine.yaml

Arguments override the params file.
"""

from nn_perception.ros.launch.camera_launch import camera_launch

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return camera_launch(['model'], ['tagger'])
