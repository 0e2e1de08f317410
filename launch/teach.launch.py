"""
Start a fine tuner, which stores frames and fine-tunes a model, and a tagger that runs the model.

    ros2 launch nn_perception teach.launch.py image:=/camera/image_raw
    ros2 launch nn_perception teach.launch.py camera:=true source:=0      # a webcam
    ros2 launch nn_perception teach.launch.py name:=mugs dataset:=kitchen

Both nodes use the same name and folder of the fine-tuned model. Arguments override the params
file.
"""

from nn_perception.ros.launch.camera_launch import camera_launch, FINE_TUNING_ARGUMENTS

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return camera_launch(
        ['one_process', *FINE_TUNING_ARGUMENTS],
        ['tagger', 'fine_tuner'],
        # The default name of the model of a fine_tuner.
        parameters={'tagger': {'model': 'store:taught'}},
    )
