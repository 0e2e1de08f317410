"""
What the page needs from the robot.

There are two backends: one runs the networks in the process of the page
(:mod:`nn_perception.studio.local`), one talks to the nodes of a ROS graph
(``nn_perception.ros.studio``). All methods may be called from any thread. They block until they
are done, at most a few seconds; what cannot be done raises ``ValueError``, ``OSError`` or
``RuntimeError`` with a sentence for the user.
"""

from __future__ import annotations

from typing import Protocol

from nn_perception.studio.backend.cameras import Cameras
from nn_perception.studio.backend.capabilities import Capabilities
from nn_perception.studio.backend.fine_tuning import FineTuning
from nn_perception.studio.backend.sounds import Sounds


class Backend(Protocol):
    """The robot, as the page sees it."""

    @property
    def title(self) -> str:
        """What the page is connected to, in a few words."""

    @property
    def cameras(self) -> Cameras:
        """The cameras."""

    @property
    def capabilities(self) -> Capabilities:
        """The networks that process their images."""

    @property
    def fine_tuning(self) -> FineTuning:
        """The dataset, the job and the versions."""

    @property
    def sounds(self) -> Sounds:
        """The microphones, what is heard, and what sounds are taught."""

    def close(self) -> None:
        """Stop everything that was started."""
