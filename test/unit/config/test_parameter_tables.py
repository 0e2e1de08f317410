"""The README's tables, the files in config/ and the dataclasses agree on every parameter."""

from __future__ import annotations

import dataclasses
from pathlib import Path
import re

from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import contracts
from nn_perception.ros.nodes.camera_source import CameraSourceParameters
from nn_perception.ros.nodes.digit_reader import DigitReaderParameters
from nn_perception.ros.nodes.fine_tuner import FineTunerParameters
from nn_perception.ros.nodes.perception import PerceptionParameters
from nn_perception.ros.nodes.pose_estimator import PoseEstimatorParameters
from nn_perception.ros.nodes.sound_fine_tuner import SoundFineTunerParameters
from nn_perception.ros.nodes.sound_source import SoundSourceParameters
from nn_perception.ros.nodes.sound_tagger import SoundTaggerParameters
from nn_perception.ros.nodes.studio import StudioParameters
from nn_perception.ros.nodes.tagger import TaggerParameters
import pytest
import yaml

NODES = {
    'tagger': TaggerParameters,
    'digit_reader': DigitReaderParameters,
    'pose_estimator': PoseEstimatorParameters,
    'fine_tuner': FineTunerParameters,
    'sound_tagger': SoundTaggerParameters,
    'sound_fine_tuner': SoundFineTunerParameters,
    'perception': PerceptionParameters,
    'camera_source': CameraSourceParameters,
    'sound_source': SoundSourceParameters,
    'studio': StudioParameters,
}
# Documented once for all camera nodes in the README.
COMMON = {'camera nodes': CameraParameters}
# Names of the ROS parameter types, by the Python type of the default.
TYPE_NAMES = {str: 'string', float: 'double', int: 'integer', bool: 'bool', tuple: 'string array'}
HEADER = '| parameter | type | default | description |'
ROW = re.compile(r'^\| `(\w+)` \| ([^|]+) \| `([^`]*)` \| (.*) \|$', re.MULTILINE)
READ_ONLY = '*read-only*'


@dataclasses.dataclass(frozen=True)
class Row:
    """One parameter, as a table of the README documents it."""

    type_name: str
    default: str
    description: str


def defaults(kind: type) -> dict[str, object]:
    """Map a node's parameters to their defaults."""
    return {field.name: field.default for field in dataclasses.fields(kind)}


def default_text(value: object) -> str:
    """Write a default as the tables do."""
    if isinstance(value, tuple):
        return '[' + ', '.join(name or "''" for name in value) + ']'
    return (str(value).lower() if isinstance(value, bool) else str(value)) or '""'


def range_text(minimum: float, maximum: float) -> str:
    """Write the range of a parameter as the tables do."""
    low, high = (int(bound) if bound == int(bound) else bound for bound in (minimum, maximum))
    return f'{low} to {high}'


def own_parameters(kind: type) -> dict[str, object]:
    """Map the parameters that a node does not share with all camera nodes to their defaults."""
    common = defaults(CameraParameters) if kind is not CameraParameters else {}
    return {name: value for name, value in defaults(kind).items() if name not in common}


def rows_of(repository: Path, node: str) -> dict[str, Row]:
    """Read the parameter table in the README's chapter about a node."""
    readme = (repository / 'README.md').read_text(encoding='utf-8')
    chapter = readme.split(f'\n## {node}\n')[1].split('\n## ')[0]
    section = chapter.split('\n### Parameters\n')[1].split('\n### ')[0]
    assert HEADER in section
    return {name: Row(*columns) for name, *columns in ROW.findall(section)}


@pytest.mark.parametrize('node', NODES)
def test_config_file_is_complete_and_has_the_defaults(repository: Path, node: str) -> None:
    content = yaml.safe_load((repository / 'config' / f'{node}.yaml').read_text())
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content['/**']['ros__parameters'].items()
    }
    assert values == defaults(NODES[node])
    for name, default in defaults(NODES[node]).items():
        assert type(values[name]) is type(default), name


@pytest.mark.parametrize(('node', 'kind'), [*NODES.items(), *COMMON.items()])
def test_readme_lists_every_parameter_with_its_type_and_default(
    repository: Path, node: str, kind: type
) -> None:
    found = {name: (row.type_name, row.default) for name, row in rows_of(repository, node).items()}
    assert found == {
        name: (TYPE_NAMES[type(value)], default_text(value))
        for name, value in own_parameters(kind).items()
    }


@pytest.mark.parametrize(('node', 'kind'), [*NODES.items(), *COMMON.items()])
def test_readme_gives_range_choices_and_unit_and_marks_what_is_read_only(
    repository: Path, node: str, kind: type
) -> None:
    rows = rows_of(repository, node)
    for name in own_parameters(kind):
        contract, row = contracts(kind)[name], rows[name]
        assert row.description.startswith(READ_ONLY) == contract.read_only, name
        if contract.minimum is not None and contract.maximum is not None:
            assert row.description.endswith(range_text(contract.minimum, contract.maximum)), name
        documented = set(re.findall(r'\w+', f'{row.default} {row.description}'))
        assert set(contract.choices) <= documented, name
        if contract.unit:
            assert contract.unit in documented, name


@pytest.mark.parametrize('node', NODES)
def test_every_parameter_is_described_and_bounded(node: str) -> None:
    kind = NODES[node]
    for name, contract in contracts(kind).items():
        assert len(contract.description) > 10, name
        default = defaults(kind)[name]
        assert contract.rejection(default) == '', name
        if isinstance(default, (int, float)) and not isinstance(default, bool):
            assert contract.minimum is not None, name
            assert contract.maximum is not None, name
