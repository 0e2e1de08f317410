"""The map of the package shows the imports of the code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
import xml.etree.ElementTree as ElementTree

import pytest

ROWS = (('roof', 'attic'), ('wall',), ('floor',))


@pytest.fixture(scope='module')
def tool(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool('draw_layers')


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


def test_an_import_is_drawn_unless_a_path_of_arrows_implies_it(tool: ModuleType) -> None:
    imports = {'roof': {'wall', 'floor'}, 'attic': {'floor'}, 'wall': {'floor'}, 'floor': set()}
    arrows = tool.select_arrows(imports, ROWS)
    assert arrows == [('roof', 'wall'), ('attic', 'floor'), ('wall', 'floor')]


def test_neighbours_are_joined_in_either_direction(tool: ModuleType) -> None:
    imports = {'roof': set(), 'attic': {'roof'}, 'wall': set(), 'floor': set()}
    assert tool.select_arrows(imports, ROWS) == [('attic', 'roof')]


def test_the_picture_names_every_folder_and_an_arrow_for_every_edge(tool: ModuleType) -> None:
    picture = ElementTree.fromstring(tool.draw())
    namespace = '{http://www.w3.org/2000/svg}'
    names = {text.text for text in picture.iter(f'{namespace}text') if text.get('class') == 'name'}
    assert names == {f'{name}/' for row in tool.ROWS for name in row}
    arrows = picture.findall(f'{namespace}path')
    assert len(arrows) == len(tool.select_arrows(tool.read_imports(tool.PACKAGE)))


def test_a_layer_without_a_row_is_named(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / 'attic').mkdir()
    (tmp_path / 'attic' / '__init__.py').write_text('')
    with pytest.raises(ValueError, match='attic'):
        tool.draw(tmp_path)
