"""A run becomes a checkpoint that the nodes load."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.networks.build import build
from nn_perception.core.networks.defined.defined_network import DefinedNetwork
from nn_perception.core.networks.defined.presets import PRESETS
from nn_perception.training.digits.training_loop import PREPROCESSING
from nn_perception.training.digits.training_set import LABELS
from nn_perception.training.runs.learning.checkpoint import write_run_checkpoint
from nn_perception.training.runs.records import RunSettings
import torch


def written(
    path: Path, settings: RunSettings, network: torch.nn.Module, labels: Any
) -> Checkpoint:
    learner: Any = SimpleNamespace(network=network, labels=tuple(labels), epoch=1)
    data: Any = SimpleNamespace(preprocessing=PREPROCESSING)
    write_run_checkpoint(path, learner, settings, data)
    return Checkpoint.read(path)


def test_a_network_on_a_page_keeps_its_definition(tmp_path: Path) -> None:
    definition = PRESETS['convnetjs'].define(3)
    network = DefinedNetwork(definition).eval()
    settings = RunSettings('a run', definition.to_json())
    checkpoint = written(tmp_path / 'a.safetensors', settings, network, 'abc')
    assert checkpoint.definition == definition
    batch = torch.rand(2, 1, 28, 28)
    assert torch.equal(load_network(checkpoint)(batch), network(batch))


def test_the_network_of_the_command_keeps_its_name(tmp_path: Path) -> None:
    settings = RunSettings('a run', PRESETS['cnn'].define(11).to_json(), recipe='train-digits')
    network = build('digit_cnn', 11)
    checkpoint = written(tmp_path / 'a.safetensors', settings, network, LABELS)
    assert (checkpoint.network, checkpoint.definition) == ('digit_cnn', None)
