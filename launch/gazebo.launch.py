"""
Start Gazebo with a camera in front of boards, its bridge to ROS, and perception nodes.

    ros2 launch nn_perception gazebo.launch.py
    ros2 launch nn_perception gazebo.launch.py gui:=false rviz:=false nodes:=pose_estimator
    ros2 launch nn_perception gazebo.launch.py world:=mine.sdf

The other arguments are those of ``perception.launch.py``.
"""

from __future__ import annotations

import os
from pathlib import Path
import shlex

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
from launch.actions import (
    AppendEnvironmentVariable,
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
import nn_perception

from launch import LaunchContext, LaunchDescription

SHARE = Path(__file__).parent.parent
WORLD = SHARE / 'worlds' / 'perception.sdf'
# The world names its pictures relative to this folder: nn_perception/samples/...
PICTURES = Path(nn_perception.__file__).parent.parent

# Pose of the optical frame of the world's camera, which looks along x.
CAMERA_POSE = '--x 0 --y 0 --z 1.3 --roll -1.570796 --pitch 0 --yaw -1.570796'
FRAMES = '--frame-id world --child-frame-id camera_optical_frame'


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'world', default_value=str(WORLD), description='world file (SDF)'
            ),
            DeclareLaunchArgument(
                'gui',
                default_value='true',
                description="true: show Gazebo's window; false: run without a display",
                choices=['true', 'false'],
            ),
            DeclareLaunchArgument(
                'rviz', default_value='true', description='true: show images and results in rviz2'
            ),
            AppendEnvironmentVariable('GZ_SIM_RESOURCE_PATH', str(PICTURES)),
            OpaqueFunction(function=gazebo),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'perception.launch.py')),
                launch_arguments={
                    'image': 'camera/image',
                    'depth': 'camera/depth_image',
                    'use_sim_time': 'true',
                    'rviz': LaunchConfiguration('rviz'),
                }.items(),
            ),
        ]
    )


def gazebo(context: LaunchContext) -> list[IncludeLaunchDescription | Node]:
    """
    Build Gazebo, its bridge, and the transform of its camera.

    :raises RuntimeError: if Gazebo is not installed, or the world does not exist
    """
    value = context.launch_configurations
    start_file = Path(share_of('ros_gz_sim')) / 'launch' / 'gz_sim.launch.py'
    share_of('ros_gz_bridge')
    world = Path(value['world']).expanduser().resolve()
    if not world.is_file():
        raise RuntimeError(f'the world {world} does not exist')
    screen = [] if value['gui'] == 'true' else ['-s', '--headless-rendering']
    started = [
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(start_file)),
            launch_arguments={
                'gz_args': shlex.join(['-r', *screen, str(world)]),
                'on_exit_shutdown': 'true',
            }.items(),
        ),
        Node(
            package='ros_gz_bridge',
            executable='parameter_bridge',
            name='gazebo_bridge',
            namespace=value.get('namespace', ''),
            parameters=[{'config_file': str(SHARE / 'config' / 'gazebo_bridge.yaml')}],
            output='screen',
        ),
    ]
    # Another world publishes its own transforms.
    if world == WORLD.resolve():
        started.append(
            Node(
                package='tf2_ros',
                executable='static_transform_publisher',
                name='camera_pose',
                arguments=[*CAMERA_POSE.split(), *FRAMES.split()],
                output='screen',
            )
        )
    return started


def share_of(package: str) -> str:
    """Find an optional package; if it is missing, say how to install it."""
    try:
        return get_package_share_directory(package)
    except PackageNotFoundError:
        distro = os.environ.get('ROS_DISTRO', 'jazzy')
        # On Humble, ros-gz is for an older Gazebo.
        name = 'ros-gzharmonic' if distro == 'humble' else 'ros-gz'
        raise RuntimeError(
            f'Gazebo cannot be started: the package {package} is not installed; '
            f'sudo apt install ros-{distro}-{name}'
        ) from None
