"""The tools are scripts and belong to no package."""

from __future__ import annotations

from collections.abc import Callable
import importlib.util
from pathlib import Path
import sys
from types import ModuleType

import pytest

LoadTool = Callable[[str], ModuleType]


@pytest.fixture(scope='session')
def load_tool(repository: Path) -> LoadTool:
    """Return a function that imports a script of the folder tools, by its name without .py."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, repository / 'tools' / f'{name}.py')
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # A dataclass looks its module up.
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    return load
