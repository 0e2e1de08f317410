"""Arguments of launch files: accepted values, and what is said about the others."""

from __future__ import annotations

from pathlib import Path

from nn_perception.ros.launch.launch_arguments import (
    ARGUMENTS,
    CAMERA_NODES,
    check_effects,
    chosen_nodes,
    DEFAULT_NODES,
    read_arguments,
)
from nn_perception.ros.launch.params_files import parameters_in
from nn_perception.ros.nodes.perception import NODE_TYPES, PerceptionParameters
import pytest
import yaml

REJECTED = {
    'nodes': ('taggr', 'expected one of tagger, .*, got .taggr.'),
    'nodes twice': ('tagger,tagger', 'expected no duplicates'),
    'one_process': ('maybe', "expected true or false, got 'maybe'"),
    'image': ('a b', 'a topic name'),
    'depth': ('depth/', 'a topic name'),
    'cameras': ('front,3', r"expected names such as front,rear, got '3'"),
    'cameras empty': ('front,,rear', "got ''"),
    'transport': ('jpeg', 'expected one of raw, compressed'),
    'port': ('http', "expected 0 to 65535, got 'http'"),
    'port too high': ('65536', "expected 0 to 65535, got '65536'"),
    'preset': ('best', 'expected one of fast, accurate'),
    'device': ('gpu', 'expected one of auto, cpu, cuda'),
    'engine': ('tensorrt', 'expected one of auto, onnxruntime, torch'),
    'autostart': ('yes', 'expected true or false'),
    'params_file': ('nowhere.yaml', 'nowhere.yaml cannot be read: .*No such file'),
    'namespace': ('my robot', 'a namespace such as robot'),
    'use_sim_time': ('2', 'expected true or false'),
    'camera': ('0', None),
    'camera wrong': ('webcam', 'expected true or false'),
    'rviz': ('on', 'expected true or false'),
    'respawn': ('always', 'expected true or false'),
    'log_level': ('loud', 'expected one of debug, info'),
}


@pytest.mark.parametrize('case', REJECTED)
def test_invalid_values_are_rejected_with_what_was_expected(case: str) -> None:
    name = case.partition(' ')[0]
    value, reason = REJECTED[case]
    if reason is None:
        assert read_arguments([name], {name: value}) == {name: False}
        return
    with pytest.raises(ValueError, match=f'^{name}: .*{reason}'):
        read_arguments([name], {name: value})


def test_only_texts_that_a_node_checks_are_not_checked() -> None:
    free = {'model', 'digit_model', 'name', 'dataset', 'base', 'data_folder', 'store_folder'}
    free |= {'host', 'token_file', 'certificate', 'key'}
    rejected = {case.partition(' ')[0] for case in REJECTED}
    assert rejected | free | {'source'} == set(ARGUMENTS)


@pytest.mark.parametrize('topic', ['image', '/camera/image_raw', '~/image', 'front/Image_2'])
def test_valid_topics(topic: str) -> None:
    assert read_arguments(['image'], {'image': topic}) == {'image': topic}


@pytest.mark.parametrize('namespace', ['robot', '/robot', '/', 'robot/one'])
def test_valid_namespaces(namespace: str) -> None:
    assert read_arguments(['namespace'], {'namespace': namespace}) == {'namespace': namespace}


def test_empty_arguments_are_unset() -> None:
    names = list(ARGUMENTS)
    values = read_arguments(names, dict.fromkeys(names, ''))
    assert values == {
        'one_process': True,
        'image': 'image',
        'depth': 'depth',
        'camera': False,
        'rviz': False,
        'respawn': False,
    }


def test_topics_are_relative_to_the_names_of_cameras() -> None:
    with pytest.raises(
        ValueError, match=r"^image: with cameras .* front/image; .* got '/image_raw'"
    ):
        read_arguments(['image', 'cameras'], {'image': '/image_raw', 'cameras': 'front,rear'})


def test_arguments_without_an_effect_are_rejected() -> None:
    check_effects({'source': '0', 'name': 'mugs', 'device': 'cpu'}, ['tagger', 'camera_source'])
    with pytest.raises(ValueError, match=r'^source: it is for camera_source, which is not st'):
        check_effects({'source': '0'}, ['tagger'])


def test_arguments_set_parameters_of_known_nodes() -> None:
    known = {*CAMERA_NODES, 'perception', 'camera_source', 'studio'}
    assert all(set(argument.sets) <= known for argument in ARGUMENTS.values())


def test_the_nodes_are_those_that_perception_composes() -> None:
    assert set(CAMERA_NODES) == set(NODE_TYPES)
    assert PerceptionParameters().nodes == DEFAULT_NODES


def test_the_shipped_params_file_is_a_valid_example(repository: Path) -> None:
    path = repository / 'config' / 'perception.yaml'
    assert parameters_in(path) == [('/**', {'nodes': list(DEFAULT_NODES)})]
    # The commented example is valid when it is not commented.
    example = path.read_text().rpartition('For example:')[2].replace('# ', '').replace('#', '')
    assert len(list(yaml.safe_load(example))) == 2


def test_the_argument_or_the_file_chooses_the_nodes(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text('/**/perception: {ros__parameters: {nodes: [fine_tuner]}}')
    assert chosen_nodes({'params_file': path}) == ['fine_tuner']
    assert chosen_nodes({'params_file': path, 'nodes': ['tagger']}) == ['tagger']
    assert chosen_nodes({}) == list(DEFAULT_NODES)


@pytest.mark.parametrize(
    'content', ['', '[1, 2]', 'tagger: {model: x}', 'a: b: c', '\x00', '/**: {ros__parameters: 1}']
)
def test_other_files_are_no_params_files(tmp_path: Path, content: str) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text(content)
    with pytest.raises(ValueError, match=r'mine\.yaml (cannot be read|has no ros__parameters)'):
        parameters_in(path)
