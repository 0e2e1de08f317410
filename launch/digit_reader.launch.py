"""
Start a digit reader, optionally with a camera source.

    ros2 launch nn_perception digit_reader.launch.py image:=/camera/image_raw
    ros2 launch nn_perception digit_reader.launch.py camera:=true      # plays the sample pages
    ros2 launch nn_perception digit_reader.launch.py params_file:=mine.yaml

Arguments override the params file.
"""

from nn_perception.ros.launch.camera_launch import camera_launch, samples

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return camera_launch(['digit_model'], ['digit_reader'], parameters=samples('digits'))
