"""Layers, import circles, sizes of folders, files and functions, and no code from files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nn_perception
import pytest

PACKAGE = Path(nn_perception.__file__).parent
FILES = sorted(PACKAGE.rglob('*.py'))

# Each layer may import the layers that it names here and itself, nothing else of the package.
LAYERS = {
    'core': (),
    'capabilities': ('core',),
    'bags': ('core', 'capabilities'),
    'sources': ('core', 'capabilities', 'bags'),
    'training': ('core', 'capabilities', 'bags', 'sources'),
    'studio': ('core', 'capabilities', 'bags', 'sources', 'training'),
    'ros': ('core', 'capabilities', 'bags', 'sources', 'training', 'studio'),
    'benchmark': ('core', 'capabilities', 'bags', 'sources', 'training', 'ros'),
    'cli': ('core', 'capabilities', 'bags', 'sources', 'training', 'studio', 'benchmark'),
}
# The benchmark watches nodes from outside, with nodes of its own.
LAYERS_WITH_ROS = ('ros', 'benchmark')
ROS = (
    'action_msgs ament_index_python builtin_interfaces cv_bridge diagnostic_msgs '
    'diagnostic_updater geometry_msgs hri_msgs launch launch_ros lifecycle_msgs '
    'nn_perception_interfaces rcl_interfaces rclpy rosidl_runtime_py sensor_msgs std_msgs '
    'std_srvs tf2_ros vision_msgs visualization_msgs'
).split()
# `perception` composes the other nodes; nothing else imports a node from a node.
COMPOSES_NODES = 'perception'
# Modules that run code from the files that they load.
UNSAFE = ('cloudpickle', 'dill', 'joblib', 'pickle', 'shelve')
# torch.load raises it, also when it is told to load nothing but tensors.
HARMLESS = 'pickle.UnpicklingError'

MAX_MODULES = 15
MAX_SHARE_OF_LINES = 0.2
MAX_LINES = 300
MAX_FUNCTION_LINES = 40
# Functions that may be longer, and why.
LONG_FUNCTIONS: dict[tuple[str, str], str] = {}


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


def layer_of(name: str) -> str:
    """Name the layer of a module of ours, with or without the package in front."""
    return name.removeprefix('nn_perception.').split('.')[0]


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


MODULES = {module_of(path): path for path in FILES}


def imported_modules(path: Path) -> set[str]:
    """Name the modules of ours that a file imports, lazy and typing imports too."""
    found = set()
    for name in imports_of(path):
        while name and name not in MODULES:
            name = name.rpartition('.')[0]
        if name and name != 'nn_perception':
            found.add(name)
    return found


def test_every_folder_is_a_layer() -> None:
    assert {path.relative_to(PACKAGE).parts[0] for path in FILES} - {'__init__.py'} == set(LAYERS)


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_layers(path: Path) -> None:
    layer = layer_of(module_of(path))
    allowed = (layer, *LAYERS.get(layer, ()))
    assert [name for name in imported_modules(path) if layer_of(name) not in allowed] == []


def test_no_import_circle() -> None:
    """Take out whatever imports nothing that is left, until nothing goes: the rest is a circle."""
    left = {module: imported_modules(path) - {module} for module, path in MODULES.items()}
    while free := [module for module, imports in left.items() if not imports & left.keys()]:
        for module in free:
            del left[module]
    assert left == {}


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_only_ros_and_benchmark_import_ros(path: Path) -> None:
    if layer_of(module_of(path)) in LAYERS_WITH_ROS:
        return
    assert [name for name in imports_of(path) if within(name, ROS)] == []


def test_nodes_do_not_import_each_other() -> None:
    nodes = {path.stem: path for path in (PACKAGE / 'ros' / 'nodes').glob('[!_]*.py')}
    assert COMPOSES_NODES in nodes
    for stem, path in nodes.items():
        others = [f'nn_perception.ros.nodes.{other}' for other in nodes if other != stem]
        if stem != COMPOSES_NODES:
            assert [name for name in imports_of(path) if within(name, others)] == [], stem


def test_no_folder_is_crowded() -> None:
    folders: dict[Path, list[int]] = {}
    for path in FILES:
        if path.name != '__init__.py':
            folders.setdefault(path.parent, []).append(len(path.read_text().splitlines()))
    total = sum(map(sum, folders.values()))
    crowded = {
        name_of(folder): (len(lines), sum(lines))
        for folder, lines in folders.items()
        if len(lines) > MAX_MODULES or sum(lines) > MAX_SHARE_OF_LINES * total
    }
    assert crowded == {}


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_files_and_functions_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
        and (name_of(path), node.name) not in LONG_FUNCTIONS
    }
    assert long == {}


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
