"""config/sros2/policies.xml allows what the running nodes use, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType


def test_the_policies_are_those_of_the_running_nodes(
    load_tool: Callable[[str], ModuleType], ros_environment: None, repository: Path
) -> None:
    tool = load_tool('write_policies')
    with tool.running_nodes() as observer:
        observed = tool.observe(observer)
    for profile in observed.values():
        # Humble does not have it yet.
        profile.reply |= {
            name.replace('get_parameters', 'get_type_description')
            for name in profile.reply
            if name.endswith('/get_parameters')
        }
    written = (repository / 'config' / 'sros2' / 'policies.xml').read_text()
    assert written == tool.document(tool.complete(observed)), (
        'the names that the nodes use have changed: run python tools/write_policies.py'
    )
