"""
Start an estimator of human poses, and a camera beside it where that is wanted.

    ros2 launch nn_perception pose_estimator.launch.py image:=/camera/image_raw
    ros2 launch nn_perception pose_estimator.launch.py camera:=true     # plays people who walk
    ros2 launch nn_perception pose_estimator.launch.py image:=/color depth:=/aligned_depth
    ros2 launch nn_perception pose_estimator.launch.py params_file:=mine.yaml

An argument that is given goes before what the params file says.
"""

from nn_perception.ros.launch.camera_launch import camera_launch, samples

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Describe what is started."""
    return camera_launch(
        ['depth', 'preset'], ['pose_estimator'], parameters=samples('people/walking.mp4')
    )
