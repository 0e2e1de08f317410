"""
Parameter files: read one, and write one that another overrides, or that overrides all others.

A node applies the parameters of all keys that match its name, in the order in which the keys
*first* appear on the command line; the last one wins, not the most specific one. So a value that
is appended under a key of an earlier file (``-p`` writes to ``/**``) is applied at the place of
that earlier key, and the keys in between override it. A key that no other file has is applied at
its own place: ``/**/**/tagger`` matches the same nodes as ``/**/tagger``.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Mapping
import json
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml

# Prefixes of our own keys, which no user would write.
BEFORE_OTHERS = '/**/**'
AFTER_OTHERS = '/**/**/**'


class _Loader(yaml.SafeLoader):
    """Reads the lists that launch_ros marks as tuples of Python, as ROS does."""


def _list(loader: _Loader, node: yaml.SequenceNode) -> list[Any]:
    return list(loader.construct_sequence(node))


_Loader.add_constructor('tag:yaml.org,2002:python/tuple', _list)


def parameters_in(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """
    Read a parameter file.

    :param path: the file
    :returns: its keys (``/**``, or the name of a node) with their parameters, in order
    :raises ValueError: if it cannot be read, or is not a parameter file
    """
    try:
        content = yaml.load(path.read_text(), _Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f'{path} cannot be read: {" ".join(str(error).split())}') from error
    parts = list(_parts('', content)) if isinstance(content, dict) else []
    if not parts:
        raise ValueError(f'{path} has no ros__parameters')
    return parts


def _parts(key: str, content: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Yield the keys and parameters of a file, whose namespaces may be nested."""
    for name, value in content.items():
        if name == 'ros__parameters' and isinstance(value, dict):
            yield key, value
        elif isinstance(value, dict):
            yield from _parts(f'{key}/{name}' if key else str(name), value)


def parameters_file(prefix: str, parameters: Mapping[str, Mapping[str, Any]]) -> Path | None:
    """
    Write a parameter file that exists as long as this process.

    :param prefix: of the keys: :data:`BEFORE_OTHERS` or :data:`AFTER_OTHERS`, as the file's place
        on the command line
    :param parameters: parameters of each node
    :returns: the file; None if there are no parameters
    """
    content = {
        f'{prefix}/{node}': {'ros__parameters': dict(values)}
        for node, values in parameters.items()
        if values
    }
    if not content:
        return None
    # A node that is restarted reads it again, so it must exist as long as this process.
    file = NamedTemporaryFile('w', prefix='launch_params_', suffix='.yaml')  # noqa: SIM115
    atexit.register(file.close)
    # JSON is valid YAML and quotes every text, so 1e5 or yes remains a text.
    json.dump(content, file)
    file.flush()
    return Path(file.name)
