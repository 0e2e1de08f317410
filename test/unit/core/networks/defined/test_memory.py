"""The estimate of memory against what torch allocates, and what is refused."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

from nn_perception.core.networks.defined.defined_network import DefinedNetwork
from nn_perception.core.networks.defined.definition import Definition, parse
from nn_perception.core.networks.defined.memory import (
    check_size,
    estimate_memory,
    OPTIMIZER_COPIES,
)
from nn_perception.core.networks.defined.presets import PRESETS
from nn_perception.training.runs.records import OPTIMIZERS
import pytest
import torch
from torch.nn import functional
from torch.profiler import profile, ProfilerActivity

WIDE = {
    'input': [1, 28, 28],
    'layers': [
        {'type': 'conv', 'filters': 16, 'kernel': 3, 'activation': 'gelu'},
        {'type': 'average_pool', 'size': 2},
        {'type': 'flatten'},
        {'type': 'linear', 'units': 1000, 'activation': 'elu'},
        {'type': 'linear', 'units': 10},
    ],
}
CASES = {
    **{name: (PRESETS[name].define(), 64) for name in ('lenet5', 'cnn', 'mlp', 'fashion_cnn')},
    'single_layer': (PRESETS['single_layer'].define(), 512),
    'wide': (parse(WIDE), 32),
}


def allocated_bytes(definition: Definition, batch_size: int) -> int:
    """Measure the most that torch has allocated at a time in two steps of a training."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as measured:
        torch.manual_seed(0)
        network = DefinedNetwork(definition)
        optimizer = torch.optim.Adam(network.parameters())
        for _ in range(2):
            batch = torch.rand(batch_size, *definition.input)
            labels = torch.zeros(batch_size, dtype=torch.int64)
            optimizer.zero_grad()
            functional.cross_entropy(network(batch), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    results: Any = measured.profiler.kineto_results  # type: ignore[union-attr]
    events = [event for event in results.events() if event.name() == '[memory]']
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


@pytest.mark.parametrize('name', CASES)
def test_the_estimate_is_within_a_factor_of_two(name: str) -> None:
    definition, batch_size = CASES[name]
    estimated = estimate_memory(definition, batch_size, 'adam').total
    allocated = allocated_bytes(definition, batch_size)
    assert 0.5 < estimated / allocated < 2.0, (estimated, allocated)


def test_every_optimizer_of_a_run_has_an_estimate() -> None:
    assert set(OPTIMIZER_COPIES) == set(OPTIMIZERS)


def hostile() -> Definition:
    """Define a network that would take tens of GB, with little to compute."""
    wide = {'type': 'linear', 'units': 16_384}
    small = {'type': 'linear', 'units': 10}
    vector = [{'type': 'conv', 'filters': 4096, 'kernel': 1}, {'type': 'global_average_pool'}]
    return parse({'input': [1, 28, 28], 'layers': [*vector, wide, *[wide] * 6, small]})


def test_a_hostile_definition_costs_nothing() -> None:
    tracemalloc.start()
    began_s = time.thread_time()
    try:
        with pytest.raises(ValueError) as caught:
            check_size(hostile(), 64, 500_000_000)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(caught.value) == (
        'training this network with batches of 64 images takes 34,414 MB of memory, but 500 MB '
        'are allowed; layer 4 (linear) takes most of it, 5,382 MB, with 268,451,840 weights and '
        'an output of 16384'
    )
    assert most < 1_000_000
    assert time.thread_time() - began_s < 1.0


def test_a_layer_may_be_large_because_of_the_batch() -> None:
    definition = PRESETS['fashion_cnn'].define()
    check_size(definition, 64, 200_000_000)
    with pytest.raises(ValueError, match=r'batches of 1024 images takes .* layer [12] \(conv\)'):
        check_size(definition, 1024, 200_000_000)


def test_batch_norm_of_vectors_needs_two_images() -> None:
    with pytest.raises(ValueError, match=r'layer 2 \(linear\): batch norm needs'):
        check_size(PRESETS['mlp'].define(), 1, 10**9)
    check_size(PRESETS['mlp'].define(), 2, 10**9)
    check_size(PRESETS['cnn'].define(), 1, 10**9)
    with pytest.raises(ValueError, match='the batch size must be 1 to 4096'):
        check_size(PRESETS['cnn'].define(), 10**9, 10**9)


def test_the_output_for_one_image_has_a_limit() -> None:
    conv = {'type': 'conv', 'filters': 64, 'kernel': 1}
    with pytest.raises(ValueError, match=r'layer 1 \(conv\): its output for one image has 16,777'):
        parse({'input': [1, 512, 512], 'layers': [conv, {'type': 'global_average_pool'}]})
