"""
Start a sound tagger, optionally with a sound source.

    ros2 launch nn_perception sound_tagger.launch.py audio:=/head/audio
    ros2 launch nn_perception sound_tagger.launch.py microphone:=true     # plays the sample
    ros2 launch nn_perception sound_tagger.launch.py microphone:=true source:=microphone
    ros2 launch nn_perception sound_tagger.launch.py model:=store:sounds params_file:=mine.yaml

Arguments override the params file.
"""

from nn_perception.ros.launch.sound_launch import sound_launch

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return sound_launch(['model', 'store_folder'], ['sound_tagger'])
