"""What the package says of itself, in the four places that say it."""

from __future__ import annotations

import ast
from configparser import ConfigParser
import contextlib
import importlib.metadata
from importlib.metadata import PackageNotFoundError
from pathlib import Path
import re
from typing import Any
import xml.etree.ElementTree as ElementTree

import nn_perception
import pytest


@pytest.fixture(scope='module')
def setup(repository: Path) -> dict[str, Any]:
    """Return the arguments of setup(), as they are written; what is computed stays text."""
    call = next(
        node
        for node in ast.walk(ast.parse((repository / 'setup.py').read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == 'setup'
    )
    arguments: dict[str, Any] = {}
    for keyword in call.keywords:
        try:
            arguments[str(keyword.arg)] = ast.literal_eval(keyword.value)
        except ValueError:
            arguments[str(keyword.arg)] = ast.unparse(keyword.value)
    return arguments


@pytest.fixture(scope='module')
def package_xml(repository: Path) -> ElementTree.Element:
    return ElementTree.parse(repository / 'package.xml').getroot()


def test_package_xml_is_well_formed(package_xml: ElementTree.Element) -> None:
    assert package_xml.get('format') == '3'
    assert package_xml.findtext('name') == 'nn_perception'
    assert package_xml.findtext('export/build_type') == 'ament_python'
    assert package_xml.findtext('license') == 'Apache-2.0'
    depends = [entry.text for entry in package_xml if entry.tag.endswith('depend')]
    assert len(depends) == len(set(depends))


def test_the_versions_agree(
    repository: Path, setup: dict[str, Any], package_xml: ElementTree.Element
) -> None:
    version = setup['version']
    interfaces = ElementTree.parse(repository / 'nn_perception_interfaces' / 'package.xml')
    assert package_xml.findtext('version') == version
    assert interfaces.findtext('version') == version
    assert getattr(nn_perception, '__version__', version) == version
    # A version heads its section of the changelog when it is released, and not before.
    sections = re.findall(
        r'^(Forthcoming|\d+\.\d+\.\d+)\b.*\n-+$', (repository / 'CHANGELOG.rst').read_text(), re.M
    )
    assert sections[0] in ('Forthcoming', version)
    released = [section for section in sections if section != 'Forthcoming']
    assert all(
        tuple(map(int, section.split('.'))) <= tuple(map(int, version.split('.')))
        for section in released
    )


def test_the_maintainers_and_the_licence_agree(
    setup: dict[str, Any], package_xml: ElementTree.Element
) -> None:
    maintainer = package_xml.find('maintainer')
    assert maintainer is not None
    assert maintainer.text == setup['maintainer']
    assert maintainer.get('email') == setup['maintainer_email']
    assert package_xml.findtext('license') == setup['license']


@pytest.mark.parametrize('field', ['maintainer', 'license', 'url'])
def test_the_interfaces_agree_with_the_package(
    repository: Path, package_xml: ElementTree.Element, field: str
) -> None:
    interfaces = ElementTree.parse(repository / 'nn_perception_interfaces' / 'package.xml')

    def entries(package: ElementTree.Element) -> list[tuple[str | None, dict[str, str]]]:
        return [(entry.text, entry.attrib) for entry in package.findall(field)]

    assert entries(interfaces.getroot()) == entries(package_xml) != []


def test_what_is_installed_exists(repository: Path) -> None:
    for name in ('resource/nn_perception', 'package.xml', 'nn_perception/py.typed', 'LICENSE'):
        assert (repository / name).is_file(), name
    weights = [path.name for path in (repository / 'nn_perception' / 'weights').iterdir()]
    assert any(name.endswith('.safetensors') for name in weights)


def test_the_commands_resolve(repository: Path, setup: dict[str, Any]) -> None:
    commands = setup['entry_points']['console_scripts']
    for command in commands:
        module, function = command.split('=')[1].strip().split(':')
        path = repository / Path(*module.split('.')).with_suffix('.py')
        assert path.is_file(), command
        defined = [node.name for node in ast.parse(path.read_text()).body if hasattr(node, 'name')]
        assert function in defined, command


def test_executables_are_where_ros2_run_looks_and_run_with_the_python_of_the_environment(
    repository: Path,
) -> None:
    settings = ConfigParser()
    settings.read(repository / 'setup.cfg')
    assert settings['develop']['script_dir'] == '$base/lib/nn_perception'
    assert settings['install']['install_scripts'] == '$base/lib/nn_perception'
    assert settings['build_scripts']['executable'] == '/usr/bin/env python3'


def test_the_descriptions_agree(setup: dict[str, Any], package_xml: ElementTree.Element) -> None:
    assert package_xml.findtext('description') == setup['description'] == nn_perception.__doc__
    urls = {url.get('type'): url.text for url in package_xml.findall('url')}
    assert set(urls) == {'website', 'repository', 'bugtracker'}
    assert urls['website'] == setup['url']


def test_every_requirement_is_pinned(repository: Path, setup: dict[str, Any]) -> None:
    constraints = (repository / 'tools' / 'constraints.txt').read_text()
    pinned = set(re.findall(r'^([\w.-]+)==', constraints, re.M))
    required = {re.split(r'[<>=!~ ;]', name)[0] for name in setup['install_requires']}
    assert required <= pinned


# The first versions without holes that somebody has written about, for what reads files of
# strangers: numbers in setup.py may rise above them.
SAFE = {
    'onnx': (1, 21),
    'opencv-python-headless': (4, 12),
    'pillow': (12, 1, 1),
    'pyyaml': (5, 4),
    'torch': (2, 6),
    'torchvision': (0, 21),
}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r'\d+', version.partition('+')[0])))


def lower_bounds(setup: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    found = (re.match(r'([\w-]+)>=([\d.]+)', name) for name in setup['install_requires'])
    return {match[1]: numbers(match[2]) for match in found if match}


def test_versions_with_known_holes_are_not_allowed(setup: dict[str, Any]) -> None:
    bounds = lower_bounds(setup)
    assert {name: bounds.get(name, ()) >= safe for name, safe in SAFE.items()} == dict.fromkeys(
        SAFE, True
    )


def test_pinned_and_installed_versions_are_allowed(
    repository: Path, setup: dict[str, Any]
) -> None:
    text = (repository / 'tools' / 'constraints.txt').read_text()
    pins = re.findall(r'^([\w.-]+)==([\w.]+)', text, re.M)
    for name, bound in lower_bounds(setup).items():
        pinned = [numbers(version) for pin, version in pins if pin == name]
        assert pinned, name
        assert min(pinned) >= bound, name
        with contextlib.suppress(PackageNotFoundError):  # from the distribution
            assert numbers(importlib.metadata.version(name)) >= bound, name


@pytest.mark.parametrize('file', ['docs/install.md', 'Dockerfile'])
def test_the_guide_asks_for_the_same_versions(
    repository: Path, setup: dict[str, Any], file: str
) -> None:
    bounds = lower_bounds(setup)
    found = re.findall(r"'([\w-]+)>=([\d.]+)", (repository / file).read_text())
    assert {name for name, _ in found} >= {'torch', 'onnx'}
    for name, version in found:
        assert numbers(version) >= bounds[name], name


def test_every_file_of_the_package_is_installed(repository: Path) -> None:
    """Modules are found by their folder; all else needs a pattern in package_data."""
    package = repository / 'nn_perception'
    given = next(
        node.value
        for node in ast.walk(ast.parse((repository / 'setup.py').read_text()))
        if isinstance(node, ast.keyword) and node.arg == 'package_data'
    )
    assert isinstance(given, ast.Dict)
    patterns = ast.literal_eval(given.values[0])
    installed = {path for pattern in patterns for path in package.glob(pattern)}
    missing = {
        str(path.relative_to(package))
        for path in package.rglob('*')
        if path.is_file() and '__pycache__' not in path.parts and path not in installed
        if path.suffix != '.py' or not (path.parent / '__init__.py').exists()
    }
    assert missing == set()
