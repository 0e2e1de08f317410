"""The policies of SROS 2 have the form that its tools expect, and nothing is without a policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import re
from types import ModuleType
import xml.etree.ElementTree as ElementTree

import pytest

FOLDER = '/nn_perception/'
GROUPS = {
    'topics': ('topic', {'publish', 'subscribe'}),
    'services': ('service', {'reply', 'request'}),
    'actions': ('action', {'call', 'execute'}),
}
NAME = re.compile(r'(~?/)?[a-z][a-z0-9_/*]*')


@pytest.fixture(scope='module')
def policies(repository: Path) -> ElementTree.Element:
    return ElementTree.parse(repository / 'config' / 'sros2' / 'policies.xml').getroot()


@pytest.fixture(scope='module')
def enclaves(policies: ElementTree.Element) -> dict[str, list[ElementTree.Element]]:
    """Return the profiles of each enclave."""
    found = policies.findall('enclaves/enclave')
    return {
        enclave.attrib['path'].removeprefix(FOLDER): enclave.findall('profiles/profile')
        for enclave in found
    }


def nodes(profiles: list[ElementTree.Element]) -> set[str]:
    return {profile.attrib['node'] for profile in profiles}


def rules(profile: ElementTree.Element, kind: str) -> set[str]:
    """Return the names for which a profile has a rule, absolute."""
    own = f'/{profile.attrib["node"]}'
    names = [str(name.text) for group in profile if kind in group.attrib for name in group]
    return {
        own + name[1:] if name[0] == '~' else name if name[0] == '/' else f'/{name}'
        for name in names
    }


def test_the_form(policies: ElementTree.Element) -> None:
    assert policies.tag == 'policy'
    assert policies.attrib == {'version': '0.2.0'}
    (group,) = policies
    assert group.tag == 'enclaves'
    for enclave in group:
        assert re.fullmatch(r'/nn_perception/[a-z_]+', enclave.attrib['path'])
        (profiles,) = enclave
        for profile in profiles:
            assert profile.attrib.keys() == {'ns', 'node'}
            for rule in profile:
                element, kinds = GROUPS[rule.tag]
                assert set(rule.attrib) <= kinds
                assert list(rule.attrib.values()) == ['ALLOW']
                assert {name.tag for name in rule} == {element}
                assert all(NAME.fullmatch(str(name.text)) for name in rule)


def test_every_executable_has_an_enclave(
    repository: Path, enclaves: dict[str, list[ElementTree.Element]]
) -> None:
    setup = (repository / 'setup.py').read_text()
    executables = re.findall(r"'(\w+) = nn_perception\.ros\.process\.entry_points", setup)
    assert len(executables) == 10
    for name in executables:
        assert name in nodes(enclaves[name])


def test_every_launch_file_has_an_enclave(
    repository: Path, enclaves: dict[str, list[ElementTree.Element]]
) -> None:
    for path in (repository / 'launch').glob('*.launch.py'):
        name = path.name.removesuffix('.launch.py')
        assert 'launch_ros' in nodes(enclaves[name]), name
    composed = {'perception', 'tagger', 'digit_reader', 'pose_estimator', 'fine_tuner'}
    assert nodes(enclaves['perception']) == {*composed, 'launch_ros'}
    assert nodes(enclaves['teach']) == {'perception', 'tagger', 'fine_tuner', 'launch_ros'}
    for name in ('demo', 'gazebo'):
        assert nodes(enclaves[name]) >= {*composed, 'camera_source', 'rviz2', 'launch_ros'}
    assert nodes(enclaves['gazebo']) >= {'gazebo_bridge', 'camera_pose'}
    assert nodes(enclaves['studio']) >= {*composed, 'studio', 'camera_source', 'launch_ros'}


def test_one_node_has_the_same_rights_everywhere(
    enclaves: dict[str, list[ElementTree.Element]],
) -> None:
    texts: dict[str, set[bytes]] = {}
    for profiles in enclaves.values():
        for profile in profiles:
            lines = ElementTree.tostring(profile).strip()
            texts.setdefault(profile.attrib['node'], set()).add(lines)
    assert {node: len(found) for node, found in texts.items() if len(found) > 1} == {}


def test_only_the_operator_and_the_page_teach_and_delete(
    enclaves: dict[str, list[ElementTree.Element]],
) -> None:
    for name, profiles in enclaves.items():
        for profile in profiles:
            requests = rules(profile, 'request') | rules(profile, 'call')
            teaches = profile.attrib['node'] in ('operator', 'studio')
            for node in ('fine_tuner', 'sound_fine_tuner'):
                assert (f'/{node}/delete_frames' in requests) == teaches, name
                assert (f'/{node}/fine_tune' in requests) == teaches, name
    (operator,) = enclaves['operator']
    assert '/image' not in rules(operator, 'subscribe')
    assert '/tagger/tags' in rules(operator, 'subscribe')


def test_the_page_sees_all_and_starts_nothing(
    enclaves: dict[str, list[ElementTree.Element]],
) -> None:
    (page,) = (one for one in enclaves['studio'] if one.attrib['node'] == 'studio')
    subscribed = rules(page, 'subscribe')
    assert subscribed >= {'/image', '/image/compressed', '/diagnostics', '/tagger/tags'}
    assert subscribed >= {'/digit_reader/digits', '/digit_reader/text', '/pose_estimator/poses'}
    requests = rules(page, 'request')
    assert requests >= {'/tagger/enable', '/tagger/set_parameters', '/fine_tuner/record'}
    assert '/tagger/change_state' not in requests


def test_nobody_but_a_camera_publishes_images(
    enclaves: dict[str, list[ElementTree.Element]],
) -> None:
    cameras = {
        profile.attrib['node']
        for profiles in enclaves.values()
        for profile in profiles
        if '/image' in rules(profile, 'publish')
    }
    assert cameras == {'camera_source'}


def test_the_guide_names_every_enclave(
    repository: Path, enclaves: dict[str, list[ElementTree.Element]]
) -> None:
    guide = (repository / 'docs' / 'security.md').read_text()
    for name in enclaves:
        assert f'`{FOLDER}{name}`' in guide, name


def test_the_policies_are_installed(repository: Path) -> None:
    assert "glob('config/sros2/*')" in (repository / 'setup.py').read_text()


def test_launch_files_leave_discovery_to_the_environment(repository: Path) -> None:
    """Written down in docs/security.md: an owner expects the robot's nodes to find each other."""
    for path in (repository / 'launch').glob('*.py'):
        assert 'ROS_AUTOMATIC_DISCOVERY_RANGE' not in path.read_text()
        assert 'ROS_LOCALHOST_ONLY' not in path.read_text()


def test_what_other_parameters_use_is_added(load_tool: Callable[[str], ModuleType]) -> None:
    tool = load_tool('write_policies')
    observed = {
        name: tool.Profile(subscribe={'/image'}, publish={f'/{name}/out'})
        for name in ('perception', 'tagger', 'digit_reader', 'pose_estimator', 'fine_tuner')
    }
    observed['camera_source'] = tool.Profile(publish={'/image'})
    observed['sound_tagger'] = tool.Profile(subscribe={'/audio'}, publish={'/sound_tagger/tags'})
    observed['sound_fine_tuner'] = tool.Profile(subscribe={'/audio'})
    observed['sound_source'] = tool.Profile(publish={'/audio', '/sound_source/playing'})
    observed['studio'] = tool.Profile(publish={'/diagnostics'})
    observed['tagger'].reply |= {'/tagger/enable', '/tagger/change_state'}
    observed['tagger'].publish |= {'/tagger/tags', '/tagger/overlay'}
    profiles = tool.complete(observed)
    assert profiles['tagger'].subscribe == {'/image', '/image/compressed', '/clock'}
    assert '/humans/bodies/*' in profiles['pose_estimator'].publish
    assert '/tagger/out' in profiles['operator'].subscribe
    assert '/sound_source/playing' in profiles['operator'].subscribe
    assert '/audio' not in profiles['operator'].subscribe
    assert '/tagger/overlay' not in profiles['studio'].subscribe
    assert {'/tagger/tags', '/sound_tagger/tags', '/audio'} <= profiles['studio'].subscribe
    assert profiles['studio'].request == {'/tagger/enable'}
    assert '/tagger/overlay' in profiles['rviz2'].subscribe
    assert '/camera/depth_image' in profiles['gazebo_bridge'].publish
    ElementTree.fromstring(tool.document(profiles))
