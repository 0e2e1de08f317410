"""Parameters that every camera node has."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.core.inference.run_options import DEVICES, ENGINES
from nn_perception.ros.base.parameters import parameter

# One camera whose topics have no name in front of them.
UNNAMED = ''


@dataclass(frozen=True)
class CameraParameters:
    """Parameters of every camera node."""

    cameras: tuple[str, ...] = parameter(
        (UNNAMED,),
        'names of the cameras: the images of front come on front/image, its results go out on '
        '~/front/...; the empty name stands for image and ~/...',
        read_only=True,
        pattern=('|[A-Za-z][A-Za-z0-9_]*', 'letters, digits and _, a letter first'),
    )
    image_transport: str = parameter(
        'raw',
        'form of the images: raw (topic image) or compressed (topic image/compressed)',
        choices=('raw', 'compressed'),
        read_only=True,
    )
    image_reliability: str = parameter(
        'auto',
        'reliability of the image subscription; auto is reliable where the publisher offers it',
        choices=('auto', 'reliable', 'best_effort'),
        read_only=True,
    )
    max_rate: float = parameter(
        0.0,
        'process at most so many images of a camera a second; 0 for all',
        unit='Hz',
        minimum=0.0,
        maximum=1000.0,
    )
    autostart: bool = parameter(
        True, 'configure and activate at the start, without a lifecycle manager', read_only=True
    )
    engine: str = parameter(
        'auto',
        'what runs the network',
        choices=ENGINES,
        read_only=True,
    )
    device: str = parameter('auto', 'where the network runs', choices=DEVICES, read_only=True)
    threads: int = parameter(
        0, 'threads of the network on a CPU; 0 chooses', minimum=0, maximum=256, read_only=True
    )
