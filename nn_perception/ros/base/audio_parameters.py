"""Parameters of every node that hears."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.ros.base.node_parameters import NodeParameters
from nn_perception.ros.base.parameters import Contract, parameter


@dataclass(frozen=True)
class AudioParameters(NodeParameters):
    """Parameters of every node that hears."""

    audio_reliability: str = parameter(
        'auto',
        Contract(
            'reliability of the subscription to the sound; auto: reliable if the publisher '
            'offers it',
            choices=('auto', 'reliable', 'best_effort'),
            read_only=True,
        ),
    )
