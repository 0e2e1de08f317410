"""Arguments of the launch files of nodes that hear."""

from __future__ import annotations

from dataclasses import replace

from nn_perception.ros.launch.argument_readers import boolean, matching, TOPIC
from nn_perception.ros.launch.launch_arguments import Argument, ARGUMENTS

SOUND_TAGGER = 'sound_tagger'
SOUND_SOURCE = 'sound_source'
SOUND_FINE_TUNER = 'sound_fine_tuner'
SOUND_NODES = (SOUND_TAGGER, SOUND_FINE_TUNER)


def _of_nodes(name: str) -> Argument:
    """Give an argument of all nodes, with the nodes that hear."""
    return replace(ARGUMENTS[name], sets=dict.fromkeys(SOUND_NODES, name))


SOUND_ARGUMENTS = {
    'audio': Argument('topic of the sound', matching(TOPIC, 'a topic name'), default='audio'),
    'model': Argument(
        'model of the sound tagger: shipped model, checkpoint file, or store:NAME',
        sets={SOUND_TAGGER: 'model'},
    ),
    'name': Argument(
        'name of the fine-tuned model, which a sound_tagger runs as store:NAME; empty: from the '
        'params file, else sounds',
        sets={SOUND_FINE_TUNER: 'model_name'},
    ),
    'dataset': Argument(
        'name of the dataset of labelled clips; empty: from the params file, else sounds',
        sets={SOUND_FINE_TUNER: 'dataset'},
    ),
    'base': Argument('network to fine-tune', sets={SOUND_FINE_TUNER: 'base'}),
    'data_folder': Argument('folder of the datasets', sets={SOUND_FINE_TUNER: 'data_folder'}),
    'store_folder': _of_nodes('store_folder'),
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
