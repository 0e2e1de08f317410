"""What the page needs to be installed."""

from __future__ import annotations

import importlib.util

REQUIREMENT = 'nicegui>=3.18,<4'


def check_nicegui() -> None:
    """
    Check that NiceGUI is installed, without importing it.

    :raises RuntimeError: says what to install
    """
    if importlib.util.find_spec('nicegui') is None:
        raise RuntimeError(f"the page needs NiceGUI: pip install '{REQUIREMENT}'")
