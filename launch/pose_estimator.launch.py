"""
Start a pose estimator, optionally with a camera source.

    ros2 launch nn_perception pose_estimator.launch.py image:=/camera/image_raw
    ros2 launch nn_perception pose_estimator.launch.py camera:=true     # plays walking people
    ros2 launch nn_perception pose_estimator.launch.py image:=/color depth:=/aligned_depth
    ros2 launch nn_perception pose_estimator.launch.py params_file:=mine.yaml

Arguments override the params file.
"""

from nn_perception.ros.launch.camera_launch import camera_launch, samples

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return camera_launch(
        ['depth', 'preset'], ['pose_estimator'], parameters=samples('people/walking.mp4')
    )
