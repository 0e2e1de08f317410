"""Parameters of every camera node."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.core.imaging.formats.container import MAX_PIXELS
from nn_perception.ros.base.node_parameters import NodeParameters
from nn_perception.ros.base.parameters import Contract, parameter
from nn_perception.ros.inputs.publisher_changes import WantedQos

# Name of a camera whose topics have no prefix.
UNNAMED = ''


@dataclass(frozen=True)
class CameraParameters(NodeParameters):
    """Parameters of every camera node."""

    cameras: tuple[str, ...] = parameter(
        (UNNAMED,),
        Contract(
            'names of the cameras; images of the camera front arrive on front/image, its results '
            'are published on ~/front/...; the empty name stands for image and ~/...',
            read_only=True,
            pattern='|[A-Za-z][A-Za-z0-9_]*',
            pattern_in_words='letters, digits and _, starting with a letter',
        ),
    )
    image_transport: str = parameter(
        'raw',
        Contract(
            'transport of the images: raw (topic image) or compressed (topic image/compressed)',
            choices=('raw', 'compressed'),
            read_only=True,
        ),
    )
    image_reliability: str = parameter(
        'auto',
        Contract(
            'reliability of the image subscription; auto: reliable if the publisher offers it',
            choices=('auto', 'reliable', 'best_effort'),
            read_only=True,
        ),
    )
    image_durability: str = parameter(
        'auto',
        Contract(
            'durability of the image subscription; transient_local: also receive the image that a '
            'latched publisher sent before; auto: transient_local if every publisher offers it',
            choices=('auto', 'volatile', 'transient_local'),
            read_only=True,
        ),
    )
    max_image_pixels: int = parameter(
        MAX_PIXELS,
        Contract(
            'width times height of the largest image that is decoded; larger ones are rejected',
            unit='px',
            minimum=1,
            maximum=1_000_000_000,
        ),
    )
    max_rate: float = parameter(
        0.0,
        Contract(
            'maximum processing rate per camera; 0: no limit',
            unit='Hz',
            minimum=0.0,
            maximum=1000.0,
        ),
    )

    @property
    def wanted_qos(self) -> WantedQos:
        """What is wanted of the image subscriptions."""
        return WantedQos(self.image_reliability, self.image_durability)
