"""
The arguments of the launch files: what they say, which values they take, what they set.

Nothing of ROS is imported here, so that all of it can be looked at where ``launch`` is not
installed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
import re
from typing import Any

from nn_perception.capabilities.poses.defaults import POSE_PRESETS
from nn_perception.core.inference.run_options import DEVICES, ENGINES
from nn_perception.ros.launch.params_files import parameters_in
from nn_perception.training.model_store.store import STORE_PREFIX

CAMERA_NODES = ('tagger', 'digit_reader', 'pose_estimator', 'fine_tuner')
# What is started where nobody chooses.
USUAL_NODES = CAMERA_NODES[:3]
HOST = 'perception'
CAMERA = 'camera_source'

LOG_LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
# As conditions in launch files read them.
BOOLEANS = {'true': True, '1': True, 'false': False, '0': False}

_NAME = r'[A-Za-z_]\w*'
_TOPIC = re.compile(rf'[~/]?/?{_NAME}(/{_NAME})*', re.ASCII)
_CAMERA = re.compile(r'[A-Za-z]\w*', re.ASCII)
_NAMESPACE = re.compile(rf'/|/?{_NAME}(/{_NAME})*', re.ASCII)


def _text(value: str) -> str:
    return value


def _boolean(value: str) -> bool:
    if value.lower() not in BOOLEANS:
        raise ValueError(f'expected true or false, got {value!r}')
    return BOOLEANS[value.lower()]


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f'expected one of {", ".join(choices)}, got {value!r}')
        return value

    return read


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f'expected {what}, got {value!r}')
        return value

    return read


def _several(read_one: Callable[[str], str]) -> Callable[[str], list[str]]:
    def read(value: str) -> list[str]:
        values = [read_one(part.strip()) for part in value.split(',')]
        if len(set(values)) < len(values):
            raise ValueError(f'expected each once, got {value!r}')
        return values

    return read


def _params_file(value: str) -> Path:
    path = Path(value).expanduser()
    parameters_in(path)
    return path


@dataclass(frozen=True)
class Argument:
    """An argument of a launch file; one that is empty is not given."""

    description: str
    read: Callable[[str], Any] = _text
    """Turns the text into a value; ValueError says what was expected."""
    sets: Mapping[str, str] = field(default_factory=dict)
    """Which parameter of which node the value is for."""
    default: str = ''


def _of_all(parameter: str, *more: str) -> dict[str, str]:
    return dict.fromkeys((*CAMERA_NODES, *more), parameter)


_SO_FILE = 'empty: as the params file says, else'

ARGUMENTS = {
    'nodes': Argument(
        f'which of {", ".join(CAMERA_NODES)}, separated by commas; {_SO_FILE} '
        f'{",".join(USUAL_NODES)}',
        _several(_one_of(*CAMERA_NODES)),
        {HOST: 'nodes'},
    ),
    'one_process': Argument(
        'true: all nodes in one process, which receives each image once; false: one each',
        _boolean,
        default='true',
    ),
    'image': Argument(
        'topic of the images; with cameras: below the name of each',
        _matching(_TOPIC, 'the name of a topic'),
        default='image',
    ),
    'depth': Argument(
        'topic of depth images, aligned with the images; with cameras: below the name of each',
        _matching(_TOPIC, 'the name of a topic'),
        default='depth',
    ),
    'cameras': Argument(
        f'names of the cameras, separated by commas; {_SO_FILE} one without a name',
        _several(_matching(_CAMERA, 'names such as front,rear')),
        _of_all('cameras'),
    ),
    'transport': Argument(
        f'form of the images: raw or compressed; {_SO_FILE} raw',
        _one_of('raw', 'compressed'),
        _of_all('image_transport'),
    ),
    'model': Argument(
        'model of the tagger: a shipped one, a checkpoint file, a classifier of torchvision, '
        'or store:NAME',
        sets={'tagger': 'model'},
    ),
    'digit_model': Argument(
        'model of the digit reader: a shipped one, or a checkpoint file',
        sets={'digit_reader': 'model'},
    ),
    'preset': Argument(
        f'of the pose estimator: {", ".join(POSE_PRESETS)}',
        _one_of(*POSE_PRESETS),
        {'pose_estimator': 'preset'},
    ),
    'name': Argument(
        f'name of the taught model, which a tagger runs as store:NAME; {_SO_FILE} taught',
        sets={'fine_tuner': 'model_name', 'tagger': 'model'},
    ),
    'dataset': Argument(
        f'name of the set of labelled frames; {_SO_FILE} default', sets={'fine_tuner': 'dataset'}
    ),
    'base': Argument('the network that is taught', sets={'fine_tuner': 'base'}),
    'data_folder': Argument('folder of the data sets', sets={'fine_tuner': 'data_folder'}),
    'store_folder': Argument(
        'folder of the taught models',
        sets={'fine_tuner': 'store_folder', 'tagger': 'store_folder'},
    ),
    'device': Argument(
        f'where the networks run: {", ".join(DEVICES)}', _one_of(*DEVICES), _of_all('device')
    ),
    'engine': Argument(
        f'what runs the networks: {", ".join(ENGINES)}', _one_of(*ENGINES), _of_all('engine')
    ),
    'autostart': Argument(
        f'false: the nodes wait for a lifecycle manager; {_SO_FILE} true',
        _boolean,
        _of_all('autostart'),
    ),
    'params_file': Argument(
        'file of parameters; an argument that is given goes before what it says', _params_file
    ),
    'namespace': Argument(
        'namespace of the nodes', _matching(_NAMESPACE, 'a namespace such as robot')
    ),
    'use_sim_time': Argument(
        f'true: take the time from /clock; {_SO_FILE} false',
        _boolean,
        _of_all('use_sim_time', HOST, CAMERA),
    ),
    'camera': Argument('true: play a camera as well', _boolean, default='false'),
    'source': Argument(
        'what it plays: a folder, a video, a bag, a webcam; empty: samples',
        sets={CAMERA: 'source'},
    ),
    'rviz': Argument('true: start rviz2, if it is installed', _boolean, default='false'),
    'respawn': Argument('true: start a node that ended anew', _boolean, default='false'),
    'log_level': Argument(f'one of {", ".join(LOG_LEVELS)}', _one_of(*LOG_LEVELS)),
}


def read_arguments(names: Iterable[str], texts: Mapping[str, str]) -> dict[str, Any]:
    """
    Read the arguments of a launch file.

    :param names: which of :data:`ARGUMENTS` it has
    :param texts: what was given for them
    :returns: their values; those that are empty, and stay so by default, are left out
    :raises ValueError: if a value makes no sense; says which and what was expected
    """
    values = {}
    for name in names:
        if text := texts[name] or ARGUMENTS[name].default:
            try:
                values[name] = ARGUMENTS[name].read(text)
            except ValueError as error:
                raise ValueError(f'{name}: {error}') from error
    if 'cameras' in values:
        for name in ('image', 'depth'):
            if values.get(name, '')[:1] in ('/', '~'):
                raise ValueError(
                    f'{name}: with cameras it stands below the name of each, as '
                    f'{values["cameras"][0]}/{name}; expected a name without / or ~ in front, '
                    f'got {values[name]!r}'
                )
    return values


def check_effects(given: Mapping[str, Any], nodes: Collection[str]) -> None:
    """
    Refuse arguments that none of the nodes listens to: they are there by mistake.

    :raises ValueError: says which argument, and which node it is for
    """
    for name in given:
        targets = ARGUMENTS[name].sets
        if targets and not set(targets) & set(nodes):
            raise ValueError(f'{name}: it is for {" and ".join(targets)}, which is not started')


def chosen_nodes(given: Mapping[str, Any]) -> list[str]:
    """
    Tell which camera nodes are to be started: by the argument, the params file, or as usual.

    :raises ValueError: if the params file names others than there are
    """
    if 'nodes' in given:
        return given['nodes']
    nodes: Any = None
    if 'params_file' in given:
        for key, parameters in parameters_in(given['params_file']):
            if key.rpartition('/')[2] in ('**', HOST):
                nodes = parameters.get('nodes', nodes)
    if nodes is None:
        return list(USUAL_NODES)
    if not isinstance(nodes, list) or not nodes or not set(nodes) <= set(CAMERA_NODES):
        raise ValueError(
            f'nodes in {given["params_file"]}: expected some of {", ".join(CAMERA_NODES)}, '
            f'got {nodes!r}'
        )
    return nodes


def parameters_of(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Map each node to the parameters that the arguments set."""
    parameters: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        for node, parameter in ARGUMENTS[name].sets.items():
            by_name = (name, node) == ('name', 'tagger')
            parameters.setdefault(node, {})[parameter] = (
                f'{STORE_PREFIX}{value}' if by_name else value
            )
    return parameters


def remappings_of(given: Mapping[str, Any], topics: Iterable[str]) -> list[tuple[str, str]]:
    """List what ``image`` and the other topics become, for each camera."""
    folders = [f'{camera}/' for camera in given.get('cameras', ())] or ['']
    return [
        (folder + topic, folder + given[topic])
        for folder in folders
        for topic in topics
        if given.get(topic, topic) != topic
    ]
