"""
What the launch files say, as far as it can be held without the launch packages.

``launch_ros`` has no wheel; where it imports, the description is built as well.
"""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
import runpy
from typing import Any

from nn_perception.nodes import executables
import pytest


@pytest.fixture(params=['tagger'])
def launch_file(repository: Path, request: pytest.FixtureRequest) -> Path:
    """Return the path of each launch file."""
    return repository / 'launch' / f'{request.param}.launch.py'


def calls(tree: ast.AST, name: str) -> list[dict[str, Any]]:
    """Find the calls of a name, and their keyword arguments as syntax trees."""
    return [
        {keyword.arg: keyword.value for keyword in node.keywords}
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def test_all_launch_files_are_tested(repository: Path) -> None:
    names = {path.name for path in (repository / 'launch').glob('*.py')}
    assert names == {'tagger.launch.py'}


def test_executables_exist(launch_file: Path) -> None:
    nodes = calls(ast.parse(launch_file.read_text()), 'Node')
    assert nodes
    for node in nodes:
        assert callable(getattr(executables, ast.literal_eval(node['executable'])))


if importlib.util.find_spec('launch_ros'):

    def test_description_is_built(launch_file: Path) -> None:
        description = runpy.run_path(str(launch_file))['generate_launch_description']()
        arguments = {argument.name for argument in description.get_launch_arguments()}
        assert {'image', 'transport', 'namespace', 'params_file'} <= arguments
