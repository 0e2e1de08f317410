"""Values for the nodes' parameters: valid ones, and ones that the nodes must reject."""

from __future__ import annotations

from collections.abc import Mapping
import math
import random
from typing import Any

from nn_perception.benchmark.soak.listener import DIGIT_READER, JPEG_TAGGER, POSE_ESTIMATOR, TAGGER
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.nodes.digit_reader import DigitReaderParameters
from nn_perception.ros.nodes.pose_estimator import PoseEstimatorParameters
from nn_perception.ros.nodes.tagger import TaggerParameters

_TAGGER: Mapping[str, tuple[Any, ...]] = {
    'top_k': (1, 5, 1000),
    'min_score': (0.0, 0.05, 1.0),
    'smoothing_s': (0.0, 0.5, 60.0),
    'max_rate': (0.0, 20.0, 1000.0),
}
VALID: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    TAGGER.name: _TAGGER,
    JPEG_TAGGER.name: _TAGGER,
    DIGIT_READER.name: {
        'min_score': (0.0, 0.7, 1.0),
        'ink': ('auto', 'dark', 'light'),
        'min_height': (8, 14, 100),
        'max_candidates': (1, 100, 400),
        'max_rate': (0.0, 20.0, 1000.0),
    },
    POSE_ESTIMATOR.name: {
        'min_score': (0.0, 0.4, 1.0),
        'min_joint_score': (0.0, 0.2, 1.0),
        'max_people': (1, 20, 100),
        'max_age_s': (0.0, 1.0, 60.0),
        'smoothing': (True, False),
        'depth_tolerance_s': (0.0, 0.05, 10.0),
        'max_rate': (0.0, 20.0, 1000.0),
    },
}
# Out of range, not a number, of another type, unknown, and read-only.
INVALID: tuple[tuple[str, Any], ...] = (
    ('min_score', 1.5),
    ('min_score', -0.1),
    ('min_score', math.nan),
    ('min_score', 'much'),
    ('min_score', 1),
    ('max_rate', -1.0),
    ('max_rate', math.inf),
    ('max_rate', [1.0, 2.0]),
    ('no_such_parameter', 1),
    ('image_transport', 'compressed'),
    ('engine', 'torch'),
    ('threads', 3),
    ('model', 'another'),
    ('preset', 'accurate'),
)
_CLASSES: Mapping[str, type[CameraParameters]] = {
    TAGGER.name: TaggerParameters,
    JPEG_TAGGER.name: TaggerParameters,
    DIGIT_READER.name: DigitReaderParameters,
    POSE_ESTIMATOR.name: PoseEstimatorParameters,
}


def random_change(rng: random.Random, node: str) -> tuple[str, Any, bool]:
    """Choose a parameter of a node, a value, and whether the node must accept it."""
    if rng.random() < 0.4:
        return (*rng.choice(INVALID), False)
    name, values = rng.choice(list(VALID[node].items()))
    return name, rng.choice(values), True


def defaults(node: str) -> dict[str, Any]:
    """Return the start values of the parameters that :func:`random_change` may change."""
    start = _CLASSES[node]()
    return {name: getattr(start, name) for name in VALID[node]}
