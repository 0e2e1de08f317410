"""
Start a tagger, and a camera beside it where that is wanted.

    ros2 launch nn_perception tagger.launch.py image:=/camera/image_raw
    ros2 launch nn_perception tagger.launch.py camera:=true      # plays the sample photographs
    ros2 launch nn_perception tagger.launch.py params_file:=mine.yaml

An argument that is given goes before what the params file says.
"""

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue

from launch import LaunchContext, LaunchDescription

ARGUMENTS = {
    'image': ('image', 'topic of the images'),
    'transport': ('', 'form of the images: raw (default) or compressed'),
    'params_file': ('', 'parameters of the tagger, as config/tagger.yaml'),
    'namespace': ('', 'namespace of the nodes'),
    'use_sim_time': ('', 'true: take the time from /clock'),
    'camera': ('false', 'true: play a camera as well'),
    'source': ('', 'what it plays: a folder, a video, a webcam; empty: the samples'),
}


def make_nodes(context: LaunchContext) -> list[Node]:
    """Build the nodes from the arguments' values."""
    value = {name: context.launch_configurations[name] for name in ARGUMENTS}
    common = {
        'package': 'nn_perception',
        'namespace': value['namespace'],
        'remappings': [('image', value['image'])],
        'output': 'screen',
    }
    time = [{'use_sim_time': value['use_sim_time'] == 'true'}] if value['use_sim_time'] else []
    file = [ParameterFile(value['params_file'])] if value['params_file'] else []
    transport = [{'image_transport': value['transport']}] if value['transport'] else []
    nodes = [Node(executable='tagger', parameters=[*file, *transport, *time], **common)]
    if value['camera'] == 'true':
        # The source as text: the webcam 0 would become a number.
        source = {'source': ParameterValue(value['source'], value_type=str)}
        waiting = {'wait_for_subscriber': True}
        nodes.append(
            Node(executable='camera_source', parameters=[source, waiting, *time], **common)
        )
    return nodes


def generate_launch_description() -> LaunchDescription:
    """Describe what is started."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=make_nodes)])
