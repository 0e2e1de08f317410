"""The QoS profiles of recorded topics, in the forms of all ROS 2 distributions."""

from __future__ import annotations

from collections.abc import Sequence
import functools
from typing import Any, NamedTuple

from nn_perception.bags.storage.files import BagError
from nn_perception.bags.storage.plain_yaml import load_yaml
import yaml

# The number of a policy is its place.
HISTORY = ('system_default', 'keep_last', 'keep_all', 'unknown')
RELIABILITY = ('system_default', 'reliable', 'best_effort', 'unknown', 'best_available')
DURABILITY = ('system_default', 'transient_local', 'volatile', 'unknown', 'best_available')
LIVELINESS = (
    'system_default', 'automatic', 'manual_by_node', 'manual_by_topic', 'unknown',
    'best_available',
)  # fmt: skip
MAX_TEXT = 100_000
# What rosbag2 adds to the channels of MCAP.
QOS_KEY = 'offered_qos_profiles'
HASH_KEY = 'topic_type_hash'
MAX_NUMBER = 2**63 - 1


class Duration(NamedTuple):
    """Seconds and nanoseconds."""

    sec: int
    nsec: int


FOREVER = Duration(9223372036, 854775807)


class Qos(NamedTuple):
    """What a publisher offered; the policies are in words, such as ``keep_last``."""

    history: str
    depth: int
    reliability: str
    durability: str
    deadline: Duration
    lifespan: Duration
    liveliness: str
    liveliness_lease_duration: Duration
    avoid_ros_namespace_conventions: bool


def read_qos(profiles: Any) -> tuple[Qos, ...]:
    """
    Read the profiles of a topic.

    :param profiles: a list, or a YAML text of one
    :returns: none if they have another shape: people edit them, and ``ros2 bag play`` does not
        mind
    """
    try:
        if isinstance(profiles, str):
            return _read_text(profiles)
        return tuple(_profile(each) for each in profiles or ())
    except (BagError, AttributeError, KeyError, TypeError, ValueError):
        return ()


@functools.lru_cache
def _read_text(text: str) -> tuple[Qos, ...]:
    """Read profiles from YAML, which is the same for most topics of a bag."""
    return read_qos(load_yaml(text) or ()) if len(text) <= MAX_TEXT else ()


def qos_in_words(profiles: Sequence[Qos]) -> list[dict[str, Any]]:
    """Describe profiles as Jazzy and newer do."""
    return [_fields(each) for each in profiles]


def qos_in_numbers(profiles: Sequence[Qos]) -> str:
    """Describe profiles as YAML with numbers, as Humble and Iron do."""
    described = [
        {
            **_fields(each),
            'history': HISTORY.index(each.history),
            'reliability': RELIABILITY.index(each.reliability),
            'durability': DURABILITY.index(each.durability),
            'liveliness': LIVELINESS.index(each.liveliness),
        }
        for each in profiles
    ]
    return yaml.safe_dump(described, default_flow_style=None).strip() if described else ''


def _profile(given: Any) -> Qos:
    return Qos(
        _policy(given['history'], HISTORY),
        _number(given['depth']),
        _policy(given['reliability'], RELIABILITY),
        _policy(given['durability'], DURABILITY),
        _duration(given['deadline']),
        _duration(given['lifespan']),
        _policy(given['liveliness'], LIVELINESS),
        _duration(given['liveliness_lease_duration']),
        given['avoid_ros_namespace_conventions'].lower() == 'true',
    )


def _policy(text: str, words: tuple[str, ...]) -> str:
    if text.isdecimal():
        number = int(text[:9])
        return words[number] if number < len(words) else 'unknown'
    return text.lower() if text.lower() in words else 'unknown'


def _duration(given: Any) -> Duration:
    return Duration(_number(given['sec']), _number(given['nsec']))


def _number(text: str) -> int:
    number = int(text[:30])
    if not 0 <= number <= MAX_NUMBER:
        raise ValueError(f'{number} is not a depth or time')
    return number


def _fields(profile: Qos) -> dict[str, Any]:
    return {
        name: value._asdict() if isinstance(value, Duration) else value
        for name, value in profile._asdict().items()
    }
