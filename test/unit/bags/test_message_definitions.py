"""The message types in bags are those that the nodes publish."""

from __future__ import annotations

import json
from pathlib import Path
import sys

from nn_perception.bags.message_definitions import DEFINITIONS, result_types
import pytest
from rosbags.typesys import get_types_from_msg


def stripped(text: str) -> list[str]:
    return [line for line in (part.strip() for part in text.splitlines()) if line[:1] not in '#']


@pytest.mark.parametrize('name', DEFINITIONS)
def test_a_definition_equals_its_file(repository: Path, name: str) -> None:
    package, _, message = name.split('/')
    folder = (
        repository if package == 'nn_perception_interfaces' else repository / 'tools/ros_wheels'
    )
    content = (folder / package / 'msg' / f'{message}.msg').read_text()
    assert stripped(DEFINITIONS[name]) == stripped(content)
    assert get_types_from_msg(content, name)[name] == result_types().fielddefs[name]


@pytest.mark.parametrize('name', DEFINITIONS)
def test_a_hash_equals_that_of_the_installed_message(name: str) -> None:
    package, _, message = name.split('/')
    description = Path(sys.prefix, 'share', package, 'msg', f'{message}.json')
    if not description.is_file():
        # On a ROS installation the messages are those of the workspace.
        pytest.importorskip(f'{package}.msg')
        return
    hashes = json.loads(description.read_text())['type_hashes']
    installed = {entry['type_name']: entry['hash_string'] for entry in hashes}
    assert result_types().hash_rihs01(name) == installed[name]
