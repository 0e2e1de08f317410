"""
Arguments of the launch files: descriptions, accepted values, and the parameters that they set.

This module imports no ROS, so that tests need no installed ``launch``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nn_perception.capabilities.poses.defaults import POSE_PRESETS
from nn_perception.core.inference.run_options import DEVICES, ENGINES
from nn_perception.ros.launch.argument_readers import (
    any_text,
    boolean,
    CAMERA,
    matching,
    NAMESPACE,
    one_of,
    params_file,
    port,
    several,
    TOPIC,
)
from nn_perception.ros.launch.params_files import parameters_in
from nn_perception.training.model_store.store import STORE_PREFIX

CAMERA_NODES = ('tagger', 'digit_reader', 'pose_estimator', 'fine_tuner')
# The nodes that are started by default.
DEFAULT_NODES = CAMERA_NODES[:3]
# The node that composes the camera nodes in one process.
PERCEPTION = 'perception'
CAMERA_SOURCE = 'camera_source'
# The node that serves the page.
STUDIO = 'studio'
# Start none of the camera nodes.
NO_NODES = 'none'

LOG_LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')


def _nodes(value: str) -> list[str]:
    return [] if value == NO_NODES else several(one_of(*CAMERA_NODES))(value)


@dataclass(frozen=True)
class Argument:
    """
    An argument of a launch file; an empty argument is unset.

    :ivar description: for ``ros2 launch --show-args``
    :ivar read: converts the text to a value; its ValueError says what was expected
    :ivar sets: the nodes that the value is for, and their parameter
    :ivar default: value if it is unset
    """

    description: str
    read: Callable[[str], Any] = any_text
    sets: Mapping[str, str] = field(default_factory=dict)
    default: str = ''


def _of_all(parameter: str, *more: str) -> dict[str, str]:
    return dict.fromkeys((*CAMERA_NODES, *more), parameter)


_FALLBACK = 'empty: from the params file, else'

ARGUMENTS = {
    'nodes': Argument(
        f'nodes to start, separated by commas: {", ".join(CAMERA_NODES)}; {_FALLBACK} '
        f'{",".join(DEFAULT_NODES)}',
        _nodes,
        {PERCEPTION: 'nodes'},
    ),
    'one_process': Argument(
        'true: all nodes in one process, which receives images once; false: one process each',
        boolean,
        default='true',
    ),
    'image': Argument(
        'topic of the images; with cameras: relative to the name of each camera',
        matching(TOPIC, 'a topic name'),
        default='image',
    ),
    'depth': Argument(
        'topic of depth images aligned with the images; with cameras: relative to each '
        'camera name',
        matching(TOPIC, 'a topic name'),
        default='depth',
    ),
    'cameras': Argument(
        f'names of the cameras, separated by commas; {_FALLBACK} one camera without a name',
        several(matching(CAMERA, 'names such as front,rear')),
        _of_all('cameras'),
    ),
    'transport': Argument(
        f'transport of the images: raw or compressed; {_FALLBACK} raw',
        one_of('raw', 'compressed'),
        _of_all('image_transport'),
    ),
    'model': Argument(
        'model of the tagger: shipped model, checkpoint file, torchvision classification model, '
        'or store:NAME',
        sets={'tagger': 'model'},
    ),
    'digit_model': Argument(
        'model of the digit reader: shipped model, or checkpoint file',
        sets={'digit_reader': 'model'},
    ),
    'preset': Argument(
        f'preset of the pose estimator: {", ".join(POSE_PRESETS)}',
        one_of(*POSE_PRESETS),
        {'pose_estimator': 'preset'},
    ),
    'name': Argument(
        f'name of the fine-tuned model, which a tagger runs as store:NAME; {_FALLBACK} taught',
        sets={'fine_tuner': 'model_name', 'tagger': 'model', STUDIO: 'model'},
    ),
    'dataset': Argument(
        f'name of the dataset of labelled frames; {_FALLBACK} default',
        sets={'fine_tuner': 'dataset'},
    ),
    'base': Argument('network to fine-tune', sets={'fine_tuner': 'base'}),
    'data_folder': Argument('folder of the datasets', sets={'fine_tuner': 'data_folder'}),
    'store_folder': Argument(
        'folder of the model store',
        sets=dict.fromkeys(('fine_tuner', 'tagger', STUDIO), 'store_folder'),
    ),
    'host': Argument(
        f'address of the page; any but a loopback address needs a token; {_FALLBACK} 127.0.0.1',
        sets={STUDIO: 'host'},
    ),
    'port': Argument(
        f'TCP port of the page; 0: a free one; {_FALLBACK} 8080', port, {STUDIO: 'port'}
    ),
    'token_file': Argument('file with the token that opens the page', sets={STUDIO: 'token_file'}),
    'certificate': Argument(
        'PEM file of the TLS certificate of the page', sets={STUDIO: 'certificate'}
    ),
    'key': Argument(
        'PEM file of its private key, if it is a file of its own', sets={STUDIO: 'key'}
    ),
    'device': Argument(
        f'device of the networks: {", ".join(DEVICES)}', one_of(*DEVICES), _of_all('device')
    ),
    'engine': Argument(
        f'runtime of the networks: {", ".join(ENGINES)}', one_of(*ENGINES), _of_all('engine')
    ),
    'autostart': Argument(
        f'false: the nodes wait for a lifecycle manager; {_FALLBACK} true',
        boolean,
        _of_all('autostart'),
    ),
    'params_file': Argument('parameter file; arguments override it', params_file),
    'namespace': Argument(
        'namespace of the nodes', matching(NAMESPACE, 'a namespace such as robot')
    ),
    'use_sim_time': Argument(
        f'true: use the time from /clock; {_FALLBACK} false',
        boolean,
        _of_all('use_sim_time', PERCEPTION, CAMERA_SOURCE, STUDIO),
    ),
    'camera': Argument('true: also start camera_source', boolean, default='false'),
    'source': Argument(
        'what camera_source plays: folder, video, bag, or webcam; empty: samples',
        sets={CAMERA_SOURCE: 'source'},
    ),
    'rviz': Argument('true: start rviz2 if it is installed', boolean, default='false'),
    'respawn': Argument('true: restart nodes that end', boolean, default='false'),
    'log_level': Argument(f'log level: {", ".join(LOG_LEVELS)}', one_of(*LOG_LEVELS)),
}


def read_arguments(
    names: Iterable[str], texts: Mapping[str, str], known: Mapping[str, Argument] = ARGUMENTS
) -> dict[str, Any]:
    """
    Read the arguments of a launch file.

    :param names: the arguments that it has
    :param known: describes them
    :param texts: their texts; an empty text stands for the default
    :returns: their values; unset arguments without a default are left out
    :raises ValueError: if a value is invalid; says which, and what was expected
    """
    values = {}
    for name in names:
        if text := texts[name] or known[name].default:
            try:
                values[name] = known[name].read(text)
            except ValueError as error:
                raise ValueError(f'{name}: {error}') from error
    if 'cameras' in values:
        for name in ('image', 'depth'):
            if values.get(name, '')[:1] in ('/', '~'):
                raise ValueError(
                    f'{name}: with cameras it is relative to the name of each camera, such as '
                    f'{values["cameras"][0]}/{name}; expected a name that does not begin with / '
                    f'or ~, got {values[name]!r}'
                )
    return values


def check_effects(
    given: Mapping[str, Any], nodes: Collection[str], known: Mapping[str, Argument] = ARGUMENTS
) -> None:
    """
    Reject arguments that affect none of the nodes: they must be a mistake.

    :param given: values of the arguments that are set
    :param nodes: nodes that are started
    :param known: describes the arguments
    :raises ValueError: says which argument, and which node it is for
    """
    for name in given:
        targets = known[name].sets
        if targets and not set(targets) & set(nodes):
            raise ValueError(f'{name}: it is for {" and ".join(targets)}, which is not started')


def chosen_nodes(given: Mapping[str, Any]) -> list[str]:
    """
    Choose the camera nodes to start: those of the argument, of the params file, or the default.

    :param given: values of the arguments that are set
    :raises ValueError: if the params file names unknown nodes
    """
    if 'nodes' in given:
        return list(given['nodes'])
    nodes: Any = None
    if 'params_file' in given:
        for key, parameters in parameters_in(given['params_file']):
            if key.rpartition('/')[2] in ('**', PERCEPTION):
                nodes = parameters.get('nodes', nodes)
    if nodes is None:
        return list(DEFAULT_NODES)
    if not isinstance(nodes, list) or not nodes or not set(nodes) <= set(CAMERA_NODES):
        raise ValueError(
            f'nodes in {given["params_file"]}: expected some of {", ".join(CAMERA_NODES)}, '
            f'got {nodes!r}'
        )
    return nodes


def parameters_of(
    given: Mapping[str, Any], known: Mapping[str, Argument] = ARGUMENTS
) -> dict[str, dict[str, Any]]:
    """Collect the parameters of each node that the arguments set."""
    parameters: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        for node, parameter in known[name].sets.items():
            # These find the fine-tuned model in the store.
            stored = name == 'name' and node in ('tagger', STUDIO)
            parameters.setdefault(node, {})[parameter] = (
                f'{STORE_PREFIX}{value}' if stored else value
            )
    return parameters


def remappings_of(given: Mapping[str, Any], topics: Iterable[str]) -> list[tuple[str, str]]:
    """List the remappings of topics, for each camera."""
    prefixes = [f'{camera}/' for camera in given.get('cameras', ())] or ['']
    return [
        (prefix + topic, prefix + given[topic])
        for prefix in prefixes
        for topic in topics
        if given.get(topic, topic) != topic
    ]
