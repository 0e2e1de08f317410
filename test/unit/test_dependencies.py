"""Whatever is imported is declared in package.xml, or in setup.py where rosdep has no key."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest

# module -> rosdep key, where they differ
KEYS = {
    'PIL': 'python3-pil',
    'cv2': 'python3-opencv',
    'matplotlib': 'python3-matplotlib',
    'numpy': 'python3-numpy',
    'platformdirs': 'python3-platformdirs',
    'pytest': 'python3-pytest',
    'tqdm': 'python3-tqdm',
    'yaml': 'python3-yaml',
}
# module -> requirement in setup.py, where rosdep has no key or an old version
FROM_PIP = {
    'mcap': 'mcap',
    'anyio': 'nicegui',
    'fastapi': 'nicegui',
    'mcap_ros2': 'mcap-ros2-support',
    'nicegui': 'nicegui',
    'onnx': 'onnx',
    'onnxruntime': 'onnxruntime',
    'playwright': 'playwright',
    'pycocotools': 'pycocotools',
    'rosbags': 'rosbags',
    'safetensors': 'safetensors',
    'sounddevice': 'sounddevice',
    'soundfile': 'soundfile',
    'starlette': 'nicegui',
    'torch': 'torch',
    'torchvision': 'torchvision',
    'uvicorn': 'nicegui',
    'websockets': 'nicegui',
}
# Modules that are used only where something else has installed them: rosbags, a later Python, or a
# later ROS.
OPTIONAL = {
    'apsw',
    'audio_common_msgs',
    'backports',
    'compression',
    'hri_msgs',
    'lz4',
    'type_description_interfaces',
}


def imported(paths: Iterable[Path]) -> set[str]:
    """Return the top-level modules that files import, without those of Python."""
    names: set[str] = set()
    for path in paths:
        names.update(name.partition('.')[0] for name in names_in(path))
    return names - set(sys.stdlib_module_names)


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.fixture(scope='module')
def declared(repository: Path) -> dict[str, set[str]]:
    """Return the dependencies in package.xml by tag, and all requirements under ``pip``."""
    root = ElementTree.parse(repository / 'package.xml').getroot()
    depends: dict[str, set[str]] = {'exec_depend': set(), 'test_depend': set()}
    for entry in root:
        if entry.tag in depends:
            depends[entry.tag].add(str(entry.text))
    text = (repository / 'setup.py').read_text(encoding='utf-8')
    return {**depends, 'pip': set(re.findall(r"'([\w-]+)(?:[<>=][^']*)?'", text))}


def undeclared(modules: set[str], depends: set[str], requirements: set[str]) -> set[str]:
    return {
        module
        for module in modules - OPTIONAL
        if FROM_PIP.get(module) not in requirements and KEYS.get(module, module) not in depends
    }


def test_what_the_package_imports_is_declared(
    repository: Path, declared: dict[str, set[str]]
) -> None:
    files = [*(repository / 'nn_perception').rglob('*.py'), *(repository / 'launch').glob('*.py')]
    modules = imported(files) - {'nn_perception'}
    assert {'rclpy', 'numpy', 'onnxruntime'} <= modules
    assert undeclared(modules, declared['exec_depend'], declared['pip']) == set()


def test_what_the_tests_import_is_declared(
    repository: Path, declared: dict[str, set[str]]
) -> None:
    files = list((repository / 'test').rglob('*.py'))
    modules = imported(files) - {path.stem for path in files} - {'nn_perception'}
    assert {'pytest', 'mcap'} <= modules
    depends = declared['exec_depend'] | declared['test_depend']
    assert undeclared(modules, depends, declared['pip']) == set()


def test_each_message_package_is_imported(repository: Path, declared: dict[str, set[str]]) -> None:
    files = [*(repository / 'nn_perception').rglob('*.py'), *(repository / 'test').rglob('*.py')]
    messages = {name for tag in ('exec_depend', 'test_depend') for name in declared[tag]}
    messages = {name for name in messages if name.endswith(('_msgs', '_srvs', '_interfaces'))}
    assert messages - imported(files) == set()


def test_the_dockerfile_installs_what_the_guide_does(repository: Path) -> None:
    def pip_packages(path: str) -> list[set[str]]:
        text = (repository / path).read_text(encoding='utf-8').replace('\\\n', ' ')
        lines = [line.partition('#')[0] for line in re.findall(r"pip install(.*'numpy.*)", text)]
        words = [[word.strip("'") for word in line.split()] for line in lines]
        return [{word for word in line if word[0] not in '-$'} for line in words]

    packages = pip_packages('Dockerfile')
    assert len(packages) == 2
    assert packages == pip_packages('docs/install.md')
