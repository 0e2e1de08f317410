"""
How the texts of launch arguments become values.

Each reader raises a ValueError that says what was expected.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import re

from nn_perception.ros.launch.params_files import parameters_in

MAX_PORT = 65535
# As in the conditions of launch files.
BOOLEANS = {'true': True, '1': True, 'false': False, '0': False}

_NAME = r'[A-Za-z_]\w*'
TOPIC = re.compile(rf'[~/]?/?{_NAME}(/{_NAME})*', re.ASCII)
CAMERA = re.compile(r'[A-Za-z]\w*', re.ASCII)
NAMESPACE = re.compile(rf'/|/?{_NAME}(/{_NAME})*', re.ASCII)


def any_text(value: str) -> str:
    """Return a text as it is."""
    return value


def boolean(value: str) -> bool:
    """Read a boolean."""
    if value.lower() not in BOOLEANS:
        raise ValueError(f'expected true or false, got {value!r}')
    return BOOLEANS[value.lower()]


def one_of(*choices: str) -> Callable[[str], str]:
    """Accept some texts."""

    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f'expected one of {", ".join(choices)}, got {value!r}')
        return value

    return read


def matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    """Accept the texts that match a pattern; ``what`` says what they are."""

    def read(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f'expected {what}, got {value!r}')
        return value

    return read


def several(read_one: Callable[[str], str]) -> Callable[[str], list[str]]:
    """Read values that are separated by commas."""

    def read(value: str) -> list[str]:
        values = [read_one(part.strip()) for part in value.split(',')]
        if len(set(values)) < len(values):
            raise ValueError(f'expected no duplicates, got {value!r}')
        return values

    return read


def port(value: str) -> int:
    """Read a TCP port."""
    if not value.isdecimal() or int(value) > MAX_PORT:
        raise ValueError(f'expected 0 to {MAX_PORT}, got {value!r}')
    return int(value)


def params_file(value: str) -> Path:
    """Read the path of a parameter file, and check the file."""
    path = Path(value).expanduser()
    parameters_in(path)
    return path
