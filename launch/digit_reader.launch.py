"""
Start a reader of digits, and a camera beside it where that is wanted.

    ros2 launch nn_perception digit_reader.launch.py image:=/camera/image_raw
    ros2 launch nn_perception digit_reader.launch.py camera:=true      # plays the sample pages
    ros2 launch nn_perception digit_reader.launch.py params_file:=mine.yaml

An argument that is given goes before what the params file says.
"""

from pathlib import Path

import nn_perception
from nn_perception.nodes.camera_launch import camera_node_launch

from launch import LaunchDescription

SAMPLES = Path(nn_perception.__file__).with_name('samples') / 'digits'


def generate_launch_description() -> LaunchDescription:
    """Describe what is started."""
    return camera_node_launch('digit_reader', source=str(SAMPLES))
