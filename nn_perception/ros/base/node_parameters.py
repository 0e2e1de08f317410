"""Parameters of every node that runs a network."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.core.inference.run_options import DEVICES, ENGINES
from nn_perception.ros.base.parameters import Contract, parameter


@dataclass(frozen=True)
class NodeParameters:
    """Parameters of every node that runs a network."""

    autostart: bool = parameter(
        True,
        Contract('configure and activate at startup, without a lifecycle manager', read_only=True),
    )
    engine: str = parameter(
        'auto',
        Contract(
            'runtime of the network; auto: torch on a GPU, ONNX Runtime on a CPU',
            choices=ENGINES,
            read_only=True,
        ),
    )
    device: str = parameter(
        'auto',
        Contract(
            'device of the network; auto: the GPU if CUDA is available',
            choices=DEVICES,
            read_only=True,
        ),
    )
    threads: int = parameter(
        0,
        Contract(
            'CPU threads of the network; 0: automatic', minimum=0, maximum=256, read_only=True
        ),
    )
