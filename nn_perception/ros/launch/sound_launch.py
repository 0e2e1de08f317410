"""The launch description of the nodes that hear, with a sound source if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import sys
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile
from nn_perception.ros.launch.launch_arguments import (
    check_effects,
    parameters_of,
    read_arguments,
    remappings_of,
)
from nn_perception.ros.launch.params_files import AFTER_OTHERS, BEFORE_OTHERS, parameters_file
from nn_perception.ros.launch.sound_arguments import SOUND_ARGUMENTS, SOUND_SOURCE
from nn_perception.ros.launch.unknown_arguments import check_command_line, probable_misspellings

from launch import Action, LaunchContext, LaunchDescription

PACKAGE = 'nn_perception'
COMMON_ARGUMENTS = tuple(
    'audio device engine autostart params_file namespace use_sim_time microphone source respawn '
    'log_level'.split()
)
RESPAWN_DELAY_S = 2.0


def sound_launch(
    arguments: Sequence[str],
    nodes: Sequence[str],
    parameters: dict[str, dict[str, Any]] | None = None,
) -> LaunchDescription:
    """
    Describe the launch of nodes that hear, one process each, with a sound source if asked for.

    :param arguments: arguments besides :data:`COMMON_ARGUMENTS`, names of
        :data:`.SOUND_ARGUMENTS`
    :param nodes: nodes to start
    :param parameters: parameters of nodes, which the params file and the arguments override
    """
    names = (*arguments, *COMMON_ARGUMENTS)
    # No sound should be played while the network is loading.
    parameters = {**(parameters or {}), SOUND_SOURCE: {'wait_for_subscriber': True}}
    declared = [
        DeclareLaunchArgument(
            name,
            default_value=SOUND_ARGUMENTS[name].default,
            description=SOUND_ARGUMENTS[name].description,
        )
        for name in names
    ]

    def start(context: LaunchContext) -> list[Action]:
        texts = context.launch_configurations
        check_command_line(sys.argv, names, Path(get_package_share_directory(PACKAGE)) / 'launch')
        given = read_arguments(names, texts, SOUND_ARGUMENTS)
        warnings = [LogInfo(msg=text) for text in probable_misspellings(texts, names)]
        return [*warnings, *_actions(given, nodes, parameters)]

    return LaunchDescription([*declared, OpaqueFunction(function=start)])


def _actions(
    given: dict[str, Any], nodes: Sequence[str], parameters: dict[str, dict[str, Any]]
) -> list[Action]:
    """Build the actions; ValueError if an argument affects none of the nodes."""
    started = [*nodes, *([SOUND_SOURCE] if given['microphone'] else [])]
    check_effects(given, started, SOUND_ARGUMENTS)
    set_by_arguments = parameters_of(given, SOUND_ARGUMENTS)
    files = [
        parameters_file(BEFORE_OTHERS, {name: parameters.get(name, {}) for name in started}),
        given.get('params_file'),
        parameters_file(AFTER_OTHERS, {name: set_by_arguments.get(name, {}) for name in started}),
    ]
    log_level = ['--log-level', given['log_level']] if 'log_level' in given else []
    respawn = {'respawn': True, 'respawn_delay': RESPAWN_DELAY_S} if given['respawn'] else {}
    return [
        Node(
            package=PACKAGE,
            executable=name,
            namespace=given.get('namespace', ''),
            remappings=remappings_of(given, ('audio',)),
            parameters=[ParameterFile(str(path)) for path in files if path],
            output='screen',
            ros_arguments=log_level,
            **(respawn if name != SOUND_SOURCE else {}),
        )
        for name in started
    ]
