"""
Start a sound fine tuner, which stores labelled clips of sound and fine-tunes models, optionally
with a sound source.

    ros2 launch nn_perception sound_fine_tuner.launch.py audio:=/head/audio
    ros2 launch nn_perception sound_fine_tuner.launch.py microphone:=true source:=microphone
    ros2 launch nn_perception sound_fine_tuner.launch.py params_file:=mine.yaml

Arguments override the params file. A sound_tagger runs the fine-tuned model as store:NAME.
"""

from nn_perception.ros.launch.sound_launch import sound_launch

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    arguments = ['name', 'dataset', 'base', 'data_folder', 'store_folder']
    return sound_launch(arguments, ['sound_fine_tuner'])
