"""
Start the perception nodes for one camera or several, in one process or in one each.

    ros2 launch nn_perception perception.launch.py image:=/camera/image_raw
    ros2 launch nn_perception perception.launch.py cameras:=front,rear image:=image_raw
    ros2 launch nn_perception perception.launch.py nodes:=tagger,pose_estimator preset:=accurate
    ros2 launch nn_perception perception.launch.py params_file:=mine.yaml respawn:=true

An argument that is given goes before what the params file says.
"""

from nn_perception.ros.launch.camera_launch import camera_launch, PERCEPTION

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Describe what is started."""
    return camera_launch(PERCEPTION)
