"""The figures that ship."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from nn_perception.studio.character.svg_file import read_figure

FOLDER = Path(__file__).with_name('figures')
# In this order.
TITLES = {'girl': 'Girl', 'fox': 'Fox', 'robot': 'Robot', 'astronaut': 'Astronaut'}


@cache
def shipped_figures() -> tuple[dict[str, Any], ...]:
    """
    Read the figures that ship, once.

    :returns: models as of :func:`nn_perception.studio.character.svg_file.read_figure`, each with
        ``name`` and ``title``
    """
    return tuple(
        {'name': name, 'title': title, **read_figure((FOLDER / f'{name}.svg').read_bytes())}
        for name, title in TITLES.items()
    )
