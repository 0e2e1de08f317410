"""
Start the page, and the camera nodes that it shows, tunes and teaches, in one process.

    ros2 launch nn_perception studio.launch.py camera:=true               # plays the samples
    ros2 launch nn_perception studio.launch.py image:=/camera/image_raw
    ros2 launch nn_perception studio.launch.py nodes:=tagger,fine_tuner camera:=true source:=0
    ros2 launch nn_perception studio.launch.py nodes:=none                # the page only

The tagger runs what is taught on the page. The nodes of the view Sound have launch files too:

    ros2 launch nn_perception sound_fine_tuner.launch.py microphone:=true
    ros2 launch nn_perception sound_tagger.launch.py model:=store:sounds

Arguments override the params file.
"""

from nn_perception.ros.launch.camera_launch import (
    camera_launch,
    FINE_TUNING_ARGUMENTS,
    PAGE_ARGUMENTS,
)
from nn_perception.ros.launch.launch_arguments import CAMERA_NODES, STUDIO

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return camera_launch(
        [
            *('nodes', 'one_process', 'depth', 'digit_model', 'preset'),
            *FINE_TUNING_ARGUMENTS,
            *PAGE_ARGUMENTS,
        ],
        defaults={'nodes': ','.join(CAMERA_NODES)},
        # The default name of the model of a fine_tuner.
        parameters={node: {'model': 'store:taught'} for node in ('tagger', STUDIO)},
        page=True,
    )
