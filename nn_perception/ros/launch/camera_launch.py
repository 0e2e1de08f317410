"""The launch description of camera nodes, with a camera source and rviz if wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
import sys
from typing import Any

from ament_index_python.packages import (
    get_package_prefix,
    get_package_share_directory,
    PackageNotFoundError,
)
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.ros.launch.launch_arguments import (
    ARGUMENTS,
    CAMERA_SOURCE,
    check_effects,
    chosen_nodes,
    parameters_of,
    PERCEPTION,
    read_arguments,
    remappings_of,
    STUDIO,
)
from nn_perception.ros.launch.params_files import AFTER_OTHERS, BEFORE_OTHERS, parameters_file
from nn_perception.ros.launch.unknown_arguments import check_command_line, probable_misspellings

from launch import Action, LaunchContext, LaunchDescription

PACKAGE = 'nn_perception'
COMMON_ARGUMENTS = tuple(
    'image cameras transport device engine autostart params_file namespace use_sim_time '
    'camera source rviz respawn log_level'.split()
)
# Further arguments of some launch files.
PERCEPTION_ARGUMENTS = ('nodes', 'one_process', 'depth', 'model', 'digit_model', 'preset')
FINE_TUNING_ARGUMENTS = ('name', 'dataset', 'base', 'data_folder', 'store_folder')
PAGE_ARGUMENTS = ('host', 'port', 'token_file', 'certificate', 'key')

RESPAWN_DELAY_S = 2.0

Parameters = Mapping[str, Mapping[str, Any]]


def camera_launch(
    arguments: Sequence[str],
    nodes: Sequence[str] | None = None,
    *,
    defaults: Mapping[str, str] | None = None,
    parameters: Parameters | None = None,
    page: bool = False,
) -> LaunchDescription:
    """
    Describe the launch of camera nodes, with a camera source and rviz if the arguments say so.

    :param arguments: arguments besides :data:`COMMON_ARGUMENTS`, names of :data:`ARGUMENTS`
    :param nodes: nodes to start; None: the argument ``nodes`` or the params file decides
    :param defaults: other defaults of arguments
    :param parameters: parameters of nodes, which the params file and the arguments override
    :param page: whether the page is started too
    """
    names = (*arguments, *COMMON_ARGUMENTS)
    defaults = {name: ARGUMENTS[name].default for name in names} | dict(defaults or {})
    # The camera should not play photographs while the network is loading.
    source = {'wait_for_subscriber': True, **(parameters or {}).get(CAMERA_SOURCE, {})}
    parameters = {**(parameters or {}), CAMERA_SOURCE: source}
    declared = [
        DeclareLaunchArgument(
            name, default_value=defaults[name], description=ARGUMENTS[name].description
        )
        for name in names
    ]

    def start(context: LaunchContext) -> list[Action]:
        texts = context.launch_configurations
        check_command_line(sys.argv, names, Path(get_package_share_directory(PACKAGE)) / 'launch')
        given = read_arguments(names, texts)
        if nodes is not None:
            given['nodes'] = list(nodes)
        warnings = [LogInfo(msg=text) for text in probable_misspellings(texts, names)]
        others = [STUDIO] if page else []
        return [*warnings, *_actions(given, parameters, others)]

    return LaunchDescription([*declared, OpaqueFunction(function=start)])


def samples(name: str) -> Parameters:
    """Let the camera source play a part of the samples by default."""
    return {CAMERA_SOURCE: {'source': str(SAMPLES_FOLDER / name)}}


def _actions(given: dict[str, Any], parameters: Parameters, others: Sequence[str]) -> list[Action]:
    """
    Build the actions of the launch description.

    :param others: executables that are started besides the camera nodes
    :raises ValueError: if an argument affects none of the nodes
    """
    nodes = chosen_nodes(given)
    if not nodes:
        if not others:
            raise ValueError('nodes: expected at least one, got none')
        given = {name: value for name, value in given.items() if name != 'nodes'}
    hosts = [PERCEPTION] if nodes else []
    started = [*nodes, *hosts, *others, *([CAMERA_SOURCE] if given['camera'] else [])]
    check_effects(given, started)
    files = [
        parameters_file(BEFORE_OTHERS, _of(started, parameters)),
        given.get('params_file'),
        parameters_file(AFTER_OTHERS, _of(started, parameters_of(given))),
    ]
    common = {
        'package': PACKAGE,
        'parameters': [ParameterFile(str(path)) for path in files if path],
        'output': 'screen',
    }
    if 'log_level' in given:
        common['ros_arguments'] = ['--log-level', given['log_level']]
    actions = _camera_nodes(nodes, given, common)
    actions += _other_nodes(others, given, common)
    if given['camera']:
        actions += _camera_sources(given, common)
    if given['rviz']:
        actions.append(_rviz(given))
    return actions


def _of(nodes: Sequence[str], parameters: Parameters) -> Parameters:
    """Select the parameters of some nodes."""
    return {node: values for node, values in parameters.items() if node in nodes}


def _camera_nodes(
    nodes: Sequence[str], given: Mapping[str, Any], common: Mapping[str, Any]
) -> list[Action]:
    executables = [PERCEPTION] if nodes and given.get('one_process') else nodes
    return [
        Node(
            executable=executable,
            namespace=given.get('namespace', ''),
            remappings=remappings_of(given, ('image', 'depth')),
            **_respawn(given),
            **common,
        )
        for executable in executables
    ]


def _other_nodes(
    executables: Sequence[str], given: Mapping[str, Any], common: Mapping[str, Any]
) -> list[Action]:
    """Build nodes that receive no images of their own."""
    return [
        Node(
            executable=executable,
            namespace=given.get('namespace', ''),
            remappings=[],
            **_respawn(given),
            **common,
        )
        for executable in executables
    ]


def _respawn(given: Mapping[str, Any]) -> dict[str, Any]:
    return {'respawn': True, 'respawn_delay': RESPAWN_DELAY_S} if given['respawn'] else {}


def _camera_sources(given: Mapping[str, Any], common: Mapping[str, Any]) -> list[Action]:
    """Build the camera sources, each in the namespace where its images are expected."""
    namespace = given.get('namespace', '')
    return [
        Node(
            executable=CAMERA_SOURCE,
            namespace='/'.join(filter(None, (namespace.rstrip('/'), camera))) or namespace,
            remappings=remappings_of({'image': given['image']}, ('image',)),
            **common,
        )
        for camera in given.get('cameras', [''])
    ]


def _rviz(given: Mapping[str, Any]) -> Action:
    """Build rviz, or a log message if it is missing: a robot does not need it."""
    try:
        get_package_prefix('rviz2')
    except PackageNotFoundError:
        return LogInfo(msg='rviz2 is not installed: starting without it')
    simulated = 'use_sim_time' in given
    config = Path(get_package_share_directory(PACKAGE)) / 'config' / 'perception.rviz'
    return Node(
        package='rviz2',
        executable='rviz2',
        namespace=given.get('namespace', ''),
        arguments=['-d', str(config)],
        parameters=[{'use_sim_time': given['use_sim_time']}] if simulated else [],
        remappings=remappings_of(given, ('image', 'depth')),
        output='screen',
    )
