"""The networks of the robot, as the page sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

TAGS, DIGITS, POSES = 'tags', 'digits', 'poses'
CAPABILITIES = (TAGS, DIGITS, POSES)
# Processes no images, so the view of the cameras does not offer it.
SOUNDS = 'sounds'


@dataclass(frozen=True)
class Setting:
    """
    A number that can be changed while a network runs.

    :param name: of the parameter, ``min_score`` for example
    :param value: current value
    :param minimum: smallest accepted value
    :param maximum: largest accepted value
    :param integer: whether it is a whole number
    :param unit: empty if it has none
    :param description: what it does
    """

    name: str
    value: float
    minimum: float
    maximum: float
    integer: bool
    unit: str
    description: str


@dataclass(frozen=True)
class CapabilityStatus:
    """
    How the network of a capability runs.

    :param capability: one of :data:`CAPABILITIES`, or :data:`SOUNDS`
    :param node: who runs it; empty if nobody does
    :param enabled: whether it processes images
    :param message: what keeps it from that, in words; empty if nothing does
    :param values: rate, age, inference times, model and device, as the diagnostics name them
    :param settings: what can be changed
    """

    capability: str
    node: str = ''
    enabled: bool = False
    message: str = ''
    values: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()


class Capabilities(Protocol):
    """The networks that process the images of the cameras."""

    def status(self) -> Sequence[CapabilityStatus]:
        """Describe each of :data:`CAPABILITIES`."""

    def set_enabled(self, capability: str, enabled: bool) -> None:
        """Let a network process images, or not."""

    def change(self, capability: str, setting: str, value: float) -> None:
        """Change a setting of a network, for everybody who uses it."""
