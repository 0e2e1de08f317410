"""
Start a node that is taught with labelled frames, and a camera beside it where that is wanted.

    ros2 launch nn_perception fine_tuner.launch.py image:=/camera/image_raw
    ros2 launch nn_perception fine_tuner.launch.py camera:=true source:=0      # a webcam
    ros2 launch nn_perception fine_tuner.launch.py params_file:=mine.yaml

An argument that is given goes before what the params file says. With a tagger that runs what is
taught: teach.launch.py.
"""

from nn_perception.ros.launch.camera_launch import camera_launch, TEACHING

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Describe what is started."""
    return camera_launch(TEACHING, ['fine_tuner'])
