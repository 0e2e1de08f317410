"""What the launch files of the camera nodes have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue

from launch import LaunchContext, LaunchDescription


def camera_node_launch(
    executable: str, *, source: str = '', topics: Mapping[str, str] | None = None
) -> LaunchDescription:
    """
    Describe the start of a camera node, and of a camera beside it where that is wanted.

    :param executable: one of :mod:`nn_perception.nodes.executables`
    :param source: what the camera plays where nobody says; empty: the sample photographs
    :param topics: what the node subscribes to beside ``image``: name and description
    """
    topics = {'image': 'topic of the images', **(topics or {})}
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in _arguments(executable, source, topics).items()
    ]

    def make_nodes(context: LaunchContext) -> list[Node]:
        return _make_nodes(executable, topics, context.launch_configurations)

    return LaunchDescription([*declared, OpaqueFunction(function=make_nodes)])


def _arguments(
    executable: str, source: str, topics: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Map each argument to its default and its description."""
    return {
        **{name: (name, description) for name, description in topics.items()},
        'transport': ('', 'form of the images: raw (default) or compressed'),
        'params_file': ('', f'parameters of the node, as config/{executable}.yaml'),
        'namespace': ('', 'namespace of the nodes'),
        'use_sim_time': ('', 'true: take the time from /clock'),
        'camera': ('false', 'true: play a camera as well'),
        'source': (source, 'what it plays: a folder, a video, a webcam; empty: the samples'),
    }


def _make_nodes(executable: str, topics: Iterable[str], value: dict[str, str]) -> list[Node]:
    """Build the nodes from the arguments' values."""
    common = {
        'package': 'nn_perception',
        'namespace': value['namespace'],
        'remappings': [(name, value[name]) for name in topics],
        'output': 'screen',
    }
    time = [{'use_sim_time': value['use_sim_time'] == 'true'}] if value['use_sim_time'] else []
    file = [ParameterFile(value['params_file'])] if value['params_file'] else []
    transport = [{'image_transport': value['transport']}] if value['transport'] else []
    nodes = [Node(executable=executable, parameters=[*file, *transport, *time], **common)]
    if value['camera'] == 'true':
        # The source as text: the webcam 0 would become a number.
        source = {'source': ParameterValue(value['source'], value_type=str)}
        waiting = {'wait_for_subscriber': True}
        nodes.append(
            Node(executable='camera_source', parameters=[source, waiting, *time], **common)
        )
    return nodes
