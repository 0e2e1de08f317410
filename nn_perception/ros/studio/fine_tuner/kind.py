"""Which of the nodes that fine-tune models the page talks to."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.datasets.media.pictures import IMAGES


@dataclass(frozen=True)
class FineTunerKind:
    """
    A kind of node.

    :param executable: its name
    :param add_service: name of the service that adds to its dataset
    :param add_type: type of this service
    :param medium: what its dataset holds
    """

    executable: str
    add_service: str
    add_type: str
    medium: Medium

    @property
    def none_runs(self) -> str:
        """Say that there is none, and what to do."""
        command = f'ros2 run nn_perception {self.executable}'
        return f'no {self.executable} runs; start one with: {command}'

    @property
    def job_lost(self) -> str:
        """Say that the job has ended with its node."""
        return f'the {self.executable} ended while the job was running'


FINE_TUNER = FineTunerKind(
    'fine_tuner', 'add_frame', 'nn_perception_interfaces/srv/AddFrame', IMAGES
)
