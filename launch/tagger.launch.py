"""
Start a tagger, and a camera beside it where that is wanted.

    ros2 launch nn_perception tagger.launch.py image:=/camera/image_raw
    ros2 launch nn_perception tagger.launch.py camera:=true      # plays the sample photographs
    ros2 launch nn_perception tagger.launch.py params_file:=mine.yaml

An argument that is given goes before what the params file says.
"""

from nn_perception.ros.launch.camera_launch import camera_launch

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Describe what is started."""
    return camera_launch(['model'], ['tagger'])
