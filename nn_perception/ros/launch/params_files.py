"""
Files of parameters: what is in one, and how one is written that goes before or after another.

A node takes the parameters of all keys that fit its name, in the order in which the keys
*first* appear on the command line, and the last one counts, not the most exact one. So a
value that is appended under a key which an earlier file has as well (``/**`` is what ``-p``
writes to) comes as early as that file's key, and loses to the keys between. A key that nobody
else uses comes where it stands: ``/**/**/tagger`` fits the same nodes as ``/**/tagger``.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Mapping
import json
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml

# What keys of our own begin with; no two of them alike, and longer than anybody's.
BEFORE_OTHERS = '/**/**'
AFTER_OTHERS = '/**/**/**'


def parameters_in(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """
    Read a file of parameters.

    :returns: its keys (``/**``, or a node's name) with their parameters, in their order
    :raises ValueError: if it cannot be read or is none
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f'{path} cannot be read: {" ".join(str(error).split())}') from error
    parts = list(_parts('', content)) if isinstance(content, dict) else []
    if not parts:
        raise ValueError(f'{path} holds no ros__parameters')
    return parts


def _parts(key: str, content: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Yield the parts of a file, in which namespaces may be nested."""
    for name, value in content.items():
        if name == 'ros__parameters' and isinstance(value, dict):
            yield key, value
        elif isinstance(value, dict):
            yield from _parts(f'{key}/{name}' if key else str(name), value)


def parameters_file(prefix: str, parameters: Mapping[str, Mapping[str, Any]]) -> Path | None:
    """
    Write a file of parameters that lasts as long as this process.

    :param prefix: of the keys: :data:`BEFORE_OTHERS` or :data:`AFTER_OTHERS`, as it will stand
    :param parameters: those of each node
    :returns: None where there are none
    """
    content = {
        f'{prefix}/{node}': {'ros__parameters': dict(values)}
        for node, values in parameters.items()
        if values
    }
    if not content:
        return None
    # Nodes that are started anew read it again, so it cannot go before this process does.
    file = NamedTemporaryFile('w', prefix='launch_params_', suffix='.yaml')  # noqa: SIM115
    atexit.register(file.close)
    # JSON is YAML too, and puts every text into quotes: 1e5 or yes remains a text.
    json.dump(content, file)
    file.flush()
    return Path(file.name)
