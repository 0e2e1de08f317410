"""
Start a reader of digits, and a camera beside it where that is wanted.

    ros2 launch nn_perception digit_reader.launch.py image:=/camera/image_raw
    ros2 launch nn_perception digit_reader.launch.py camera:=true      # plays the sample pages
    ros2 launch nn_perception digit_reader.launch.py params_file:=mine.yaml

An argument that is given goes before what the params file says.
"""

from nn_perception.ros.launch.camera_launch import camera_launch, samples

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Describe what is started."""
    return camera_launch(['digit_model'], ['digit_reader'], parameters=samples('digits'))
