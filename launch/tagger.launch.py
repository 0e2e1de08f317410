"""
Start a tagger beside a camera.

    ros2 launch nn_perception tagger.launch.py image:=/camera/image_raw
    ros2 launch nn_perception tagger.launch.py camera:=true      # plays the sample photographs
"""

from launch.actions import DeclareLaunchArgument
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription

ARGUMENTS = {
    'image': ('image', 'topic of the images'),
    'transport': ('raw', 'raw or compressed'),
    'namespace': ('', 'namespace of the nodes'),
    'use_sim_time': ('false', 'take the time from /clock'),
    'camera': ('false', 'play a camera as well'),
    'source': ('', 'what it plays: a folder, a video, a webcam; empty: the samples'),
}


def generate_launch_description() -> LaunchDescription:
    """Describe what is started."""
    value = {name: LaunchConfiguration(name) for name in (*ARGUMENTS, 'params_file')}
    share = FindPackageShare('nn_perception')
    default_file = PathJoinSubstitution([share, 'config', 'tagger.yaml'])
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    declared.append(
        DeclareLaunchArgument(
            'params_file', default_value=default_file, description='parameters of the tagger'
        )
    )
    common = {'package': 'nn_perception', 'namespace': value['namespace'], 'output': 'screen'}
    tagger = Node(
        executable='tagger',
        parameters=[
            value['params_file'],
            {'image_transport': value['transport'], 'use_sim_time': value['use_sim_time']},
        ],
        remappings=[('image', value['image'])],
        **common,
    )
    camera = Node(
        executable='camera_source',
        parameters=[
            {
                'source': value['source'],
                'wait_for_subscriber': True,
                'use_sim_time': value['use_sim_time'],
            }
        ],
        remappings=[('image', value['image'])],
        condition=IfCondition(value['camera']),
        **common,
    )
    return LaunchDescription([*declared, tagger, camera])
