"""The parameters of a node that a page shows as sliders."""

from __future__ import annotations

from collections.abc import Iterable
import math
import re

from nn_perception.core.quoting import shortened
from nn_perception.studio.backend.capabilities import Setting
from rcl_interfaces.msg import ParameterDescriptor, ParameterType, ParameterValue

# What people choose from is less than what nodes accept. Larger values that others have set are
# still shown.
SHOWN_UP_TO = {
    'max_rate': 60.0,
    'max_age_s': 10.0,
    'smoothing_s': 5.0,
    'depth_tolerance_s': 1.0,
    'top_k': 20,
    'min_height': 200,
    'max_people': 30,
}
# No slider is that long.
MAX_RANGE = 10_000
MAX_SETTINGS = 30
_UNIT = re.compile(r'(?P<text>.*) \[(?P<unit>[^\[\]]{1,10})\]', re.DOTALL)


def settings(
    described: Iterable[tuple[ParameterDescriptor, ParameterValue]],
) -> tuple[Setting, ...]:
    """
    Choose the numbers that can be changed and have a range, in the order of the node.

    :param described: descriptors of parameters, with their values
    """
    found = [
        setting
        for descriptor, value in described
        if not descriptor.read_only and (setting := _setting(descriptor, value)) is not None
    ]
    return tuple(found[:MAX_SETTINGS])


def _setting(descriptor: ParameterDescriptor, value: ParameterValue) -> Setting | None:
    integer = value.type == ParameterType.PARAMETER_INTEGER
    if integer:
        ranges, current = descriptor.integer_range, float(value.integer_value)
    elif value.type == ParameterType.PARAMETER_DOUBLE:
        ranges, current = descriptor.floating_point_range, value.double_value
    else:
        return None
    if not ranges:
        return None
    low, high = float(ranges[0].from_value), float(ranges[0].to_value)
    if not (math.isfinite(low) and math.isfinite(high) and low <= current <= high):
        return None
    shown = max(min(high, SHOWN_UP_TO.get(descriptor.name, high)), current)
    if shown - low > MAX_RANGE:
        return None
    found = _UNIT.fullmatch(descriptor.description)
    text, unit = (found['text'], found['unit']) if found else (descriptor.description, '')
    return Setting(
        name=shortened(descriptor.name),
        value=current,
        minimum=low,
        maximum=shown,
        integer=integer,
        unit=unit,
        description=shortened(text),
    )
