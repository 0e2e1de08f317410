"""The layers: vision <- learning <- nodes, cli; ROS in the nodes only; no code from files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nn_perception
import pytest

PACKAGE = Path(nn_perception.__file__).parent
FILES = sorted(PACKAGE.rglob('*.py'))

# What each layer must not import: packages of ROS, and the layers above it.
LAYERS_ABOVE = {
    'vision': ('learning', 'nodes', 'cli'),
    'learning': ('nodes', 'cli'),
    'nodes': ('cli',),
    # The command reaches the nodes only through processes that it starts.
    'cli': ('nodes',),
}
ROS = (
    'action_msgs ament_index_python builtin_interfaces cv_bridge diagnostic_msgs '
    'diagnostic_updater geometry_msgs hri_msgs launch launch_ros lifecycle_msgs '
    'nn_perception_interfaces rcl_interfaces rclpy rosidl_runtime_py sensor_msgs std_msgs '
    'std_srvs tf2_ros vision_msgs visualization_msgs'
).split()
# Modules that run code from the files that they load.
UNSAFE = ('cloudpickle', 'dill', 'joblib', 'pickle', 'shelve')
# torch.load raises it, also when it is told to load nothing but tensors.
HARMLESS = 'pickle.UnpicklingError'


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports_of(path: Path) -> Iterator[str]:
    """Yield the full name of every module, or name of a module, that a file imports."""
    folder = path.relative_to(PACKAGE.parent).parent.parts
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else ()
            module = '.'.join([*base, *filter(None, [node.module])])
            yield from (f'{module}.{alias.name}' for alias in node.names)


def within(name: str, packages: Iterator[str] | list[str] | tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f'{package}.') for package in packages)


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_nothing_imports_a_layer_above_it(path: Path) -> None:
    layer = path.relative_to(PACKAGE).parts[0]
    above = [f'nn_perception.{name}' for name in LAYERS_ABOVE.get(layer, ())]
    assert [name for name in imports_of(path) if within(name, above)] == []


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_only_the_nodes_import_ros(path: Path) -> None:
    if path.relative_to(PACKAGE).parts[0] == 'nodes':
        return
    assert [name for name in imports_of(path) if within(name, ROS)] == []


def test_nodes_do_not_import_each_other() -> None:
    # camera_node is the base of the others, not one of them.
    nodes = {path.stem: path for path in (PACKAGE / 'nodes').glob('*_node.py')}
    nodes.pop('camera_node', None)
    assert nodes
    for stem, path in nodes.items():
        others = [f'nn_perception.nodes.{other}' for other in nodes if other != stem]
        assert [name for name in imports_of(path) if within(name, others)] == [], stem


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_nothing_runs_code_from_a_file(path: Path) -> None:
    unsafe = [name for name in imports_of(path) if within(name, UNSAFE)]
    assert set(unsafe) <= {'pickle', HARMLESS}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == 'pickle':
            assert ast.unparse(node) == HARMLESS, f'{path}:{node.lineno}'
        if isinstance(node, ast.Call) and ast.unparse(node.func) == 'torch.load':
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert given.get('weights_only') == 'True', f'{path}:{node.lineno}'
