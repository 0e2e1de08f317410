"""Arguments of the launch files of nodes that hear."""

from __future__ import annotations

from dataclasses import replace

from nn_perception.ros.launch.argument_readers import boolean, matching, TOPIC
from nn_perception.ros.launch.launch_arguments import Argument, ARGUMENTS

SOUND_TAGGER = 'sound_tagger'
SOUND_SOURCE = 'sound_source'
SOUND_NODES = (SOUND_TAGGER,)


def _of_nodes(name: str) -> Argument:
    """Give an argument of all nodes, with the nodes that hear."""
    return replace(ARGUMENTS[name], sets=dict.fromkeys(SOUND_NODES, name))


SOUND_ARGUMENTS = {
    'audio': Argument('topic of the sound', matching(TOPIC, 'a topic name'), default='audio'),
    'model': Argument(
        'model of the sound tagger: shipped model, checkpoint file, or store:NAME',
        sets={SOUND_TAGGER: 'model'},
    ),
    'store_folder': Argument('folder of the model store', sets={SOUND_TAGGER: 'store_folder'}),
    'device': _of_nodes('device'),
    'engine': _of_nodes('engine'),
    'autostart': _of_nodes('autostart'),
    'use_sim_time': replace(
        ARGUMENTS['use_sim_time'],
        sets=dict.fromkeys((*SOUND_NODES, SOUND_SOURCE), 'use_sim_time'),
    ),
    'microphone': Argument('true: also start sound_source', boolean, default='false'),
    'source': Argument(
        'what sound_source plays: a sound file, a folder, microphone or microphone:NAME; empty: '
        'the sample',
        sets={SOUND_SOURCE: 'source'},
    ),
    **{name: ARGUMENTS[name] for name in ('params_file', 'namespace', 'respawn', 'log_level')},
}
