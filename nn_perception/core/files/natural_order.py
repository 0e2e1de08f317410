"""The order of file names that people expect."""

from __future__ import annotations

from pathlib import Path
import re


def natural_order(path: Path) -> list[tuple[int, int | str]]:
    """Return a sort key that puts ``2.jpg`` before ``10.jpg`` and ignores case."""
    parts = re.split(r'(\d+)', str(path).lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]
