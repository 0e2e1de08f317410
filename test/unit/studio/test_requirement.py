"""One sentence says what to install."""

from __future__ import annotations

import importlib.util
from pathlib import Path
import runpy
import sys
from typing import Any

from nn_perception.studio.requirement import check_nicegui, REQUIREMENT
import pytest


def test_nicegui_is_there() -> None:
    check_nicegui()


def test_without_nicegui_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(RuntimeError, match=r"the page needs NiceGUI: pip install 'nicegui>=3.18"):
        check_nicegui()


def test_the_requirement_is_that_of_the_extra(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments: dict[str, Any] = {}
    monkeypatch.chdir(repository)
    monkeypatch.setattr('setuptools.setup', lambda **given: arguments.update(given))
    monkeypatch.setattr(sys, 'argv', ['setup.py'])
    runpy.run_path('setup.py')
    assert arguments['extras_require']['studio'] == [REQUIREMENT]
