"""What can be changed while the networks run in the process of the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
import math
from typing import Any

from nn_perception.capabilities.sounds.defaults import MAX_OVERLAP
from nn_perception.studio.backend.capabilities import DIGITS, POSES, Setting, SOUNDS, TAGS


@dataclass(frozen=True)
class Bounds:
    """
    A number among the options of a pipeline; named and bounded as the parameter of the node.

    :param name: of the setting
    :param field: of the options
    :param minimum: smallest accepted value
    :param maximum: largest accepted value
    :param integer: whether it is a whole number
    :param unit: empty if it has none
    :param description: what it does
    """

    name: str
    field: str
    minimum: float
    maximum: float
    integer: bool
    unit: str
    description: str


def _score(name: str, description: str) -> Bounds:
    return Bounds(name, name, 0.0, 1.0, False, '', description)


def _count(name: str, maximum: int, description: str) -> Bounds:
    return Bounds(name, name, 1, maximum, True, '', description)


SMOOTHING = Bounds(
    'smoothing_s',
    'smoothing_s',
    0.0,
    60.0,
    False,
    's',
    'time constant of the exponential moving average of the scores; 0: off',
)
SETTINGS: dict[str, tuple[Bounds, ...]] = {
    TAGS: (
        _score('min_score', 'minimum score of a tag'),
        _count('top_k', 1000, 'maximum number of tags per result'),
        SMOOTHING,
    ),
    DIGITS: (
        _score('min_score', 'minimum score of a digit'),
        Bounds('min_height', 'min_height_px', 8, 1000, True, 'px', 'minimum height of a digit'),
        _count(
            'max_candidates',
            2048,
            'maximum number of candidates per image that the network classifies',
        ),
    ),
    SOUNDS: (
        _score('min_score', 'minimum score of a tag'),
        Bounds(
            'overlap',
            'overlap',
            0.0,
            MAX_OVERLAP,
            False,
            '',
            'share of a window of one second that the next one repeats',
        ),
        _count('top_k', 1000, 'maximum number of tags per result'),
        SMOOTHING,
        Bounds(
            'gate_db',
            'gate_db',
            -120.0,
            0.0,
            False,
            'dB',
            'level, relative to full scale, below which a window is silence',
        ),
    ),
    POSES: (
        _score('min_score', 'minimum score of a person; an existing track may have a lower score'),
        _score('min_joint_score', 'joints below this score count as not seen'),
        _count('max_people', 100, 'maximum number of people per result'),
        Bounds(
            'max_age_s',
            'max_age_s',
            0.0,
            60.0,
            False,
            's',
            'lost-track timeout: a person out of sight for longer gets a new id',
        ),
    ),
}


def settings_of(capability: str, options: Any) -> tuple[Setting, ...]:
    """
    Return the settings of a network.

    :param options: of its pipeline
    """
    return tuple(
        Setting(
            one.name,
            getattr(options, one.field),
            one.minimum,
            one.maximum,
            one.integer,
            one.unit,
            one.description,
        )
        for one in SETTINGS[capability]
    )


def changed(capability: str, options: Any, name: str, value: float) -> Any:
    """
    Return options with a new value.

    :param options: of the pipeline of the capability
    :param name: of the setting
    :raises ValueError: if there is no such setting, or the value is out of its bounds
    """
    for one in SETTINGS[capability]:
        if one.name == name:
            break
    else:
        known = ', '.join(one.name for one in SETTINGS[capability])
        raise ValueError(f'{capability} has no setting {name!r}; it has {known}')
    if not math.isfinite(value) or not one.minimum <= value <= one.maximum:
        unit = f' {one.unit}' if one.unit else ''
        raise ValueError(f'{name} must be {one.minimum:g} to {one.maximum:g}{unit}, got {value:g}')
    if one.integer and value != int(value):
        raise ValueError(f'{name} must be a whole number, got {value:g}')
    return replace(options, **{one.field: int(value) if one.integer else float(value)})
