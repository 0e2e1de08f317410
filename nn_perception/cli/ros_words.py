"""Words that belong to a node, for those who give them to the command."""

from __future__ import annotations

from collections.abc import Sequence
import os

from nn_perception.core.ros_words import is_ros_rule, ros_arguments_for

# verb -> the node that does the same with the images of a camera, or the sound of a microphone
_NODES = {
    'tag': 'tagger',
    'digits': 'digit_reader',
    'pose': 'pose_estimator',
    'sound': 'sound_tagger',
    'train': 'fine_tuner',
    'dataset': 'fine_tuner',
    'bag': 'camera_source',
}
_ALL_NODES = (*dict.fromkeys(_NODES.values()), 'perception')


def ros_problem(words: Sequence[str], verb: str | None) -> str:
    """
    Say which words belong to a node; empty if none do.

    :param words: of the command line
    :param verb: the first of them that is no option
    """
    if verb in _ALL_NODES:
        return f'{verb} is a node of ROS: ros2 run nn_perception {verb}'
    node = _NODES.get(verb or '', 'tagger')
    for word in words:
        if word == '--ros-args':
            return f'{word} belongs to a node of ROS: ros2 run nn_perception {node} {word} ...'
        if is_ros_rule(word) and not os.path.exists(word):
            arguments = ros_arguments_for(word)
            return f'{word} belongs to a node of ROS: ros2 run nn_perception {node} {arguments}'
    return ''
