"""What all views of the page share."""

from __future__ import annotations

from dataclasses import dataclass, field

from nn_perception.studio.backend.backend import Backend
from nn_perception.studio.options import StudioOptions


@dataclass(frozen=True)
class Studio:
    """
    What all views of the page share.

    :param backend: the robot
    :param options: where the page is served, and to whom
    """

    backend: Backend
    options: StudioOptions = field(default_factory=StudioOptions)
