"""
Start a fine tuner, which stores labelled frames and fine-tunes models, optionally with a camera
source.

    ros2 launch nn_perception fine_tuner.launch.py image:=/camera/image_raw
    ros2 launch nn_perception fine_tuner.launch.py camera:=true source:=0      # a webcam
    ros2 launch nn_perception fine_tuner.launch.py params_file:=mine.yaml

Arguments override the params file. teach.launch.py also starts a tagger that runs the fine-tuned
model.
"""

from nn_perception.ros.launch.camera_launch import camera_launch, FINE_TUNING_ARGUMENTS

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return camera_launch(FINE_TUNING_ARGUMENTS, ['fine_tuner'])
