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
from nn_perception.ros.nodes.tagger import TaggerParameters
import pytest
import yaml

NODES = {
    'tagger': TaggerParameters,
    'digit_reader': DigitReaderParameters,
    'pose_estimator': PoseEstimatorParameters,
    'fine_tuner': FineTunerParameters,
    'perception': PerceptionParameters,
    'camera_source': CameraSourceParameters,
}
# What is said once for all of them in the README.
COMMON = {'camera nodes': CameraParameters}
ROW = re.compile(r'^\| `(\w+)` \| `([^`]*)` \| (.*) \|$', re.MULTILINE)


def defaults(kind: type) -> dict[str, object]:
    """Map a node's parameters to their defaults."""
    return {field.name: field.default for field in dataclasses.fields(kind)}


def shown(value: object) -> str:
    """Write a default as the tables have it."""
    if isinstance(value, tuple):
        return '[' + ', '.join(name or "''" for name in value) + ']'
    return (str(value).lower() if isinstance(value, bool) else str(value)) or '""'


def own(kind: type) -> list[str]:
    """Name the parameters that a node does not have in common with the other camera nodes."""
    common = defaults(CameraParameters) if kind is not CameraParameters else {}
    return [name for name in defaults(kind) if name not in common]


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
def test_readme_lists_every_parameter_with_its_default(
    repository: Path, node: str, kind: type
) -> None:
    readme = (repository / 'README.md').read_text()
    chapter = readme.split(f'\n## {node}\n')[1].split('\n## ')[0]
    table = chapter.split('### Parameters')[1]
    rows = {name: (default, text) for name, default, text in ROW.findall(table)}
    expected = {name: shown(value) for name, value in defaults(kind).items() if name in own(kind)}
    assert {name: default for name, (default, _) in rows.items()} == expected
    for name in own(kind):
        contract, text = contracts(kind)[name], rows[name][1]
        assert ('*start*' in text) == contract.read_only, name
        if contract.unit:
            assert contract.unit in text, name


@pytest.mark.parametrize('node', NODES)
def test_every_parameter_is_described_and_bounded(node: str) -> None:
    kind = NODES[node]
    for name, contract in contracts(kind).items():
        assert len(contract.description) > 10, name
        default = defaults(kind)[name]
        assert contract.refusal(default) == '', name
        if isinstance(default, (int, float)) and not isinstance(default, bool):
            assert contract.minimum is not None, name
            assert contract.maximum is not None, name
