"""The map of the package shows the imports of the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope='module')
def tool(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        'draw_layers', repository / 'tools' / 'draw_layers.py'
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_up_to_date(tool: ModuleType) -> None:
    assert tool.PICTURE.read_text(encoding='utf-8') == tool.draw(), (
        'the imports have changed: run python tools/draw_layers.py'
    )


def test_imports_of_all_kinds_are_read(tool: ModuleType, tmp_path: Path) -> None:
    package = tmp_path / 'house'
    for layer in ('roof', 'wall', 'floor'):
        (package / layer / 'part').mkdir(parents=True)
        for folder in (package / layer, package / layer / 'part'):
            (folder / '__init__.py').write_text('"""Words."""\n')
    (package / 'roof' / 'part' / 'tile.py').write_text(
        'import house.wall.part\n\ndef lazy():\n    from house.floor import part\n'
    )
    (package / 'wall' / 'brick.py').write_text('from house import floor\nimport os.path\n')
    assert tool.read_imports(package) == {
        'roof': {'wall', 'floor'},
        'wall': {'floor'},
        'floor': set(),
    }


def test_a_layer_without_a_row_is_named(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / 'attic').mkdir()
    (tmp_path / 'attic' / '__init__.py').write_text('')
    with pytest.raises(ValueError, match='attic'):
        tool.draw(tmp_path)
