"""Parameters of the nodes that fine-tune models, whatever these are for."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.ros.base.node_parameters import NodeParameters
from nn_perception.ros.base.parameters import Contract, parameter

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class FineTuningParameters(NodeParameters):
    """Parameters of the nodes that fine-tune models."""

    base: str = parameter(
        DEFAULT_MODEL,
        Contract(
            'network to fine-tune: a shipped model, a checkpoint file, or the name of a '
            'torchvision classification model',
            read_only=True,
        ),
    )
    model_name: str = parameter(
        'taught',
        Contract(
            'name of the fine-tuned model in the store; a tagger runs it as store:NAME',
            read_only=True,
        ),
    )
    dataset: str = parameter(
        'default', Contract('name of the dataset of labelled frames', read_only=True)
    )
    data_folder: str = parameter(
        '', Contract('folder of the datasets; empty: datasets in the data folder', read_only=True)
    )
    store_folder: str = parameter(
        '', Contract('folder of the model store; empty: models in the data folder', read_only=True)
    )
    quota_mb: int = parameter(
        2000,
        Contract(
            'maximum size of the dataset; 0: no limit',
            unit='MB',
            minimum=0,
            maximum=1_000_000,
            read_only=True,
        ),
    )
    store_limit: int = parameter(
        10,
        Contract(
            'maximum number of versions, of which fine-tuning deletes the oldest; 0: no limit',
            minimum=0,
            maximum=1000,
        ),
    )
