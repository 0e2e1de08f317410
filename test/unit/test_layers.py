"""Layers, import circles, sizes of folders, files and functions, and no code from files."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import nn_perception

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
    'action_msgs ament_index_python audio_common_msgs builtin_interfaces cv_bridge '
    'diagnostic_msgs diagnostic_updater geometry_msgs hri_msgs launch launch_ros lifecycle_msgs '
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
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(), str(path))))


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Give the full name of every module, or name of a module, that a file imports."""
    return tuple(find_imports(path))


def find_imports(path: Path) -> Iterator[str]:
    folder = path.relative_to(PACKAGE.parent).parent.parts
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else ()
            module = '.'.join([*base, *filter(None, [node.module])])
            yield from (f'{module}.{alias.name}' for alias in node.names)


def within(name: str, packages: Sequence[str]) -> bool:
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
    modules = set()
    for name in imports_of(path):
        while name and name not in MODULES:
            name = name.rpartition('.')[0]
        if name and name != 'nn_perception':
            modules.add(name)
    return modules


def found(by_file: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave the files in which something was found."""
    return {name: found for name, found in by_file.items() if found}


def test_every_folder_is_a_layer() -> None:
    assert {path.relative_to(PACKAGE).parts[0] for path in FILES} - {'__init__.py'} == set(LAYERS)


def test_layers() -> None:
    crossing = {}
    for path in FILES:
        layer = layer_of(module_of(path))
        allowed = (layer, *LAYERS.get(layer, ()))
        crossing[name_of(path)] = [
            name for name in imported_modules(path) if layer_of(name) not in allowed
        ]
    assert found(crossing) == {}


def test_no_import_circle() -> None:
    """Take out whatever imports nothing that is left, until nothing goes: the rest is a circle."""
    left = {module: imported_modules(path) - {module} for module, path in MODULES.items()}
    while free := [module for module, imports in left.items() if not imports & left.keys()]:
        for module in free:
            del left[module]
    assert left == {}


def test_only_ros_and_benchmark_import_ros() -> None:
    of_ros = {
        name_of(path): [name for name in imports_of(path) if within(name, ROS)]
        for path in FILES
        if layer_of(module_of(path)) not in LAYERS_WITH_ROS
    }
    assert found(of_ros) == {}


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


def test_files_are_short() -> None:
    lines = {name_of(path): len(path.read_text().splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_functions_are_short() -> None:
    lines = {
        (name_of(path), node.name): node.end_lineno - node.lineno + 1
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    }
    assert {name: lines[name] for name in lines.keys() - LONG_FUNCTIONS.keys()} == {}


def uses_of_unsafe_modules(path: Path) -> Iterator[str]:
    """Name what may run code from a file, with its line."""
    for name in imports_of(path):
        if within(name, UNSAFE) and name not in {'pickle', HARMLESS}:
            yield name
    for node in nodes_of(path):
        if isinstance(node, ast.Attribute) and is_named(node.value, 'pickle'):
            if ast.unparse(node) != HARMLESS:
                yield f'line {node.lineno}: {ast.unparse(node)}'
        elif isinstance(node, ast.Call) and is_named(node.func, 'torch.load'):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if given.get('weights_only') != 'True':
                yield f'line {node.lineno}: torch.load without weights_only=True'


def is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) == name


def test_nothing_runs_code_from_a_file() -> None:
    assert found({name_of(path): list(uses_of_unsafe_modules(path)) for path in FILES}) == {}
