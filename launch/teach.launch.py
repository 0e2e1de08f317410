"""
Start all that teaching takes: the node that stores frames and teaches, and a tagger that follows.

    ros2 launch nn_perception teach.launch.py image:=/camera/image_raw
    ros2 launch nn_perception teach.launch.py camera:=true source:=0      # a webcam
    ros2 launch nn_perception teach.launch.py name:=mugs dataset:=kitchen

Both nodes use the same name and folder of the taught model. An argument that is given goes before
what the params file says.
"""

from nn_perception.ros.launch.camera_launch import camera_launch, TEACHING

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Describe what is started."""
    return camera_launch(
        ['one_process', *TEACHING],
        ['tagger', 'fine_tuner'],
        # The name that a fine_tuner gives to what it teaches, where nobody says another.
        parameters={'tagger': {'model': 'store:taught'}},
    )
