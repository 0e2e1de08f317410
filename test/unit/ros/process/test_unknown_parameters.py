"""Parameters that no node has are named."""

from __future__ import annotations

import dataclasses
from itertools import permutations
from pathlib import Path

from nn_perception.core.misspelling import is_misspelling
from nn_perception.ros.nodes.camera_source import CameraSourceParameters
from nn_perception.ros.nodes.digit_reader import DigitReaderParameters
from nn_perception.ros.nodes.fine_tuner import FineTunerParameters
from nn_perception.ros.nodes.perception import PerceptionParameters
from nn_perception.ros.nodes.pose_estimator import PoseEstimatorParameters
from nn_perception.ros.nodes.tagger import TaggerParameters
from nn_perception.ros.process.ros_arguments import RosArguments
from nn_perception.ros.process.unknown_parameters import MAX_SENTENCES, unknown_parameters
import pytest

KINDS = (
    CameraSourceParameters,
    DigitReaderParameters,
    FineTunerParameters,
    PerceptionParameters,
    PoseEstimatorParameters,
    TaggerParameters,
)
NAMES = {field.name for kind in KINDS for field in dataclasses.fields(kind)}
NODES = {
    '/robot/perception': ['nodes', 'use_sim_time'],
    '/robot/tagger': ['top_k', 'min_score', 'image_transport', 'use_sim_time'],
    '/robot/digit_reader': ['ink', 'min_score', 'image_transport', 'use_sim_time'],
}
ALL = '/robot/perception and /robot/tagger and /robot/digit_reader'


@pytest.mark.parametrize(
    ('rule', 'sentence'),
    [
        ('topk:=3', f"{ALL}: no parameter 'topk' (on the command line); did you mean top_k?"),
        ('min_scroe:=0.5', 'did you mean min_score?'),
        ('image-transport:=raw', 'did you mean image_transport?'),
        ('Ink:=dark', 'did you mean ink?'),
        ('transport:=raw', "no parameter 'transport'"),
        ('threshold:=0.5', 'ros2 param list /robot/perception shows all'),
        ('/robot/tagger:ink:=dark', 'it is a parameter of /robot/digit_reader'),
        ('/robot/taggr:top_k:=3', "no node '/robot/taggr' in this process (on the command line); "
         'did you mean tagger?'),
        # ROS does not add the namespace.
        ('tagger:top_k:=3', 'the nodes are /robot/perception, /robot/tagger'),
        ('y' * 5000 + ':=1', "no parameter 'yyyyy"),
    ],
)  # fmt: skip
def test_on_the_command_line(rule: str, sentence: str) -> None:
    (found,) = unknown_parameters(RosArguments(parameters=(rule,)), NODES)
    assert sentence in found
    assert len(found) < 300


@pytest.mark.parametrize(
    'rule',
    [
        'top_k:=3',
        'ink:=dark',
        '/robot/tagger:top_k:=3',
        'use_sim_time:=true',
        'qos_overrides./tf.publisher.depth:=3',
        'start_type_description_service:=false',
        # rclpy rejects it.
        'top_k',
    ],
)
def test_known_on_the_command_line(rule: str) -> None:
    assert unknown_parameters(RosArguments(parameters=(rule,)), NODES) == []


@pytest.mark.parametrize(
    ('text', 'sentences'),
    [
        ('/**: {ros__parameters: {robot_radius: 0.2, mode: a, max_range: 1.0}}', []),
        ('/**: {ros__parameters: {smoothing: 0.5, smoothing_s: 1.0, model: x}}', []),
        ('/lidar: {ros__parameters: {topk: 3}}', []),
        ('robot: {tagger2: {ros__parameters: {topk: 3}}}', []),
        ('/**: {ros__parameters: {use_sim_time: true, qos_overrides: {/tf: {depth: 3}}}}', []),
        ('/**: {ros__parameters: {min_scroe: 0.5}}', ['did you mean min_score?']),
        ('/robot/**: {ros__parameters: {topk: 3}}', ['did you mean top_k?']),
        ('/*/tagger: {ros__parameters: {topk: 3, top_k: 4}}', ["no parameter 'topk'"]),
        ('robot: {tagger: {ros__parameters: {threshold: 3}}}', ['ros2 param list /robot/tagger']),
        ('/robot/tagger: {ros__parameters: {a: {b: 3}}}', ["no parameter 'a.b'"]),
        ('/robot/perception: {ros__parameters: {top_k: 3}}', ['a parameter of /robot/tagger']),
        # As launch_ros writes the values of a launch file.
        (
            '/robot/tagger:\n  ros__parameters:\n    nodes: !!python/tuple\n    - tagger\n',
            ["/robot/tagger: no parameter 'nodes'"],
        ),
        ('robot: {taggr: {ros__parameters: {top_k: 3}}}', ['did you mean tagger?']),
        ('no parameters', []),
    ],
)  # fmt: skip
def test_in_a_file(tmp_path: Path, text: str, sentences: list[str]) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text(text)
    found = unknown_parameters(RosArguments(parameter_files=(path,)), NODES)
    assert len(found) == len(sentences), found
    for one, sentence in zip(found, sentences, strict=True):
        assert sentence in one
        assert f'(in {path})' in one


def test_each_is_named_once_and_not_too_many() -> None:
    assert len(unknown_parameters(RosArguments(parameters=('topk:=3',) * 2), NODES)) == 1
    many = tuple(f'unheard_{number}:=1' for number in range(100))
    assert len(unknown_parameters(RosArguments(parameters=many), NODES)) == MAX_SENTENCES


def test_our_own_parameters_are_no_misspellings_of_each_other() -> None:
    # A file for several nodes may have them all under /**.
    assert [pair for pair in permutations(NAMES, 2) if is_misspelling(*pair)] == []


def test_without_a_file() -> None:
    nowhere = RosArguments(parameter_files=(Path('/nowhere.yaml'),))
    assert unknown_parameters(nowhere, NODES) == []
