"""Pinned threads, CPU affinity and telemetry of ONNX Runtime."""

import os
import subprocess
import sys

from nn_perception.core.files.folders import cache_folder
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.onnxruntime_engine import pool_cores
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
import pytest


@pytest.mark.parametrize(
    ('threads', 'cores', 'expected'),
    [
        (2, {0, 1}, {1}),
        (4, {2, 3, 6, 7}, {3, 6, 7}),
        (1, {0}, set()),
        (2, {0, 1, 2, 3}, set()),
        (4, {0, 1}, set()),
    ],
    ids=['two of two', 'four of four', 'one of one', 'two of four', 'more than cores'],
)
def test_pool_threads_are_pinned_if_all_cores_are_used(threads, cores, expected):
    assert pool_cores(threads, cores) == expected


def test_a_call_restores_the_cpu_affinity():
    before = os.sched_getaffinity(0)
    engine = LoadedModel.open('efficientnet_lite0', RunOptions(engine='onnxruntime')).engine
    for _ in range(20):
        engine(np.zeros((1, 3, 224, 224), np.float32))
    engine.close()
    assert os.sched_getaffinity(0) == before


def test_telemetry_is_off(tmp_path):
    """With telemetry on, ONNX Runtime stores its data in the home folder."""
    environment = {k: v for k, v in os.environ.items() if k not in ('CI', 'ORT_DISABLE_TELEMETRY')}
    environment |= {'HOME': str(tmp_path / 'home'), 'NN_PERCEPTION_CACHE': str(cache_folder())}
    code = (
        'from nn_perception.capabilities.tagging.tagger import Tagger\n'
        'from nn_perception.core.inference.run_options import RunOptions\n'
        'Tagger.open(options=RunOptions(device="cpu")).close()'
    )
    subprocess.run([sys.executable, '-c', code], env=environment, check=True)
    assert not (tmp_path / 'home').exists()
