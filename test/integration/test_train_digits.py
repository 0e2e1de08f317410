"""``nn_perception train-digits`` as real processes, on a few digits of MNIST."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
import signal
import struct
import subprocess
import sys

from nn_perception.cli.main import main
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.subprocess import PACKAGE_ROOT
from nn_perception.training.digits.mnist import IMAGE_FILES, LABEL_FILES, load_mnist
import numpy as np
from patience import HANGS_S
import pytest

ENVIRONMENT = dict(os.environ, PYTHONPATH=str(PACKAGE_ROOT))
FILES = {'confusion.png', 'curves.png', 'filters.png', 'mistakes.png', 'report.json'}
EPOCHS = 3


@pytest.fixture(scope='module')
def few_digits(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the first 600 and 300 digits of MNIST."""
    mnist = load_mnist(test_data / 'mnist')
    folder = tmp_path_factory.mktemp('mnist')
    for name, values in (
        (IMAGE_FILES['train'], mnist.train_images[:600]),
        (LABEL_FILES['train'], mnist.train_labels[:600]),
        (IMAGE_FILES['test'], mnist.test_images[:300]),
        (LABEL_FILES['test'], mnist.test_labels[:300]),
    ):
        header = bytes((0, 0, 8, values.ndim)) + struct.pack(f'>{values.ndim}I', *values.shape)
        (folder / f'{name}.gz').write_bytes(gzip.compress(header + values.tobytes()))
    return folder


def arguments(data: Path, output: Path, *more: object) -> list[str]:
    words = ['train-digits', '--data', data, '--output', output, '--batch-size', 64]
    return [str(word) for word in [*words, '--epochs', EPOCHS, '--threads', 1, *more]]


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-m', 'nn_perception.cli', *words],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope='module')
def whole(few_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train without an interruption; gives the output folder."""
    output = tmp_path_factory.mktemp('whole') / 'new' / 'folder'
    process = start(*arguments(few_digits, output, '--json'))
    printed, errors = process.communicate(timeout=HANGS_S)
    assert process.returncode == 0, errors
    (line,) = printed.splitlines()
    assert json.loads(line) == json.loads((output / 'report.json').read_text())
    assert [line.split(':')[0] for line in errors.splitlines()] == [
        f'epoch {epoch + 1} of {EPOCHS}' for epoch in range(EPOCHS)
    ]
    return output


def test_writes_checkpoint_report_and_plots(whole: Path, few_digits: Path) -> None:
    assert {path.name for path in whole.iterdir()} == FILES | {'digit_cnn.safetensors'}
    report = json.loads((whole / 'report.json').read_text())
    checkpoint = Checkpoint.read(report['checkpoint'])
    assert checkpoint.labels == (*'0123456789', 'not a digit')
    assert checkpoint.version == report['version']
    assert checkpoint.licence == 'Apache-2.0'
    mnist = load_mnist(few_digits)
    bgr = np.repeat(mnist.test_images[..., None], 3, axis=3)  # (300, 28, 28, 3)
    import torch

    with torch.inference_mode():
        predicted = load_network(checkpoint)(
            torch.from_numpy(checkpoint.preprocessing(bgr))
        ).argmax(1)
    accuracy = float((predicted.numpy() == mnist.test_labels).mean())
    assert accuracy == pytest.approx(report['accuracy'], abs=0.01)
    assert report['parameters'] < 500_000
    assert np.array(report['confusion']).shape == (11, 11)
    assert [epoch['epoch'] for epoch in report['epochs']] == [1, 2, 3]
    assert (report['examples'], report['seed'], report['settings']['threads']) == (300, 0, 1)


@pytest.mark.long
def test_an_interrupted_training_resumes_with_the_same_result(
    whole: Path, few_digits: Path, tmp_path: Path
) -> None:
    process = start(*arguments(few_digits, tmp_path))
    assert process.stderr is not None
    assert process.stderr.readline().startswith('epoch 1 of')
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=HANGS_S)
    assert process.returncode == 130
    assert printed == ''
    state = tmp_path / 'state.safetensors'
    assert errors.splitlines()[-1].endswith(
        f'stopped; the state is in {state}, and the same command resumes from it'
    )
    assert 'Traceback' not in errors
    assert [path.name for path in tmp_path.iterdir()] == [state.name]

    process = start(*arguments(few_digits, tmp_path))
    printed, errors = process.communicate(timeout=HANGS_S)
    assert process.returncode == 0, errors
    assert 'resuming in epoch 2 after step' in errors.splitlines()[0]
    assert 'MNIST test: ' in printed
    assert not state.exists()
    name = 'digit_cnn.safetensors'
    assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()


def usage_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must fail; return its last line on standard error."""
    try:
        status = main(words)
    except SystemExit as end:
        status = int(str(end.code))
    assert status == 2
    output, errors = capsys.readouterr()
    assert output == ''
    return errors.splitlines()[-1]


def test_a_state_with_other_settings_is_rejected(
    few_digits: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from nn_perception.training.digits.training_loop import TrainingSettings
    from nn_perception.training.digits.training_run import TrainingOptions, TrainingRun

    monkeypatch.setenv('OMP_WAIT_POLICY', 'PASSIVE')
    settings = TrainingSettings(epochs=EPOCHS, batch_size=64, seed=1)
    run = TrainingRun(TrainingOptions(few_digits, tmp_path, settings, augment=False))
    run.state.save(run.state_path, run.depends_on)
    sentence = usage_error(arguments(few_digits, tmp_path, '--augment', 'none'), capsys)
    assert 'belongs to a training with other settings (seed); resume it with the same' in sentence
    run.state_path.write_bytes(b'something else')
    sentence = usage_error(arguments(few_digits, tmp_path, '--augment', 'none'), capsys)
    assert 'is not a state of a training' in sentence
    assert sentence.endswith('start again with --restart')


@pytest.mark.parametrize(
    ('more', 'reason'),
    [
        (['--data', '/no/such/folder'], 'there is no folder /no/such/folder'),
        (['--data', '/dev'], '/dev contains neither train-images-idx3-ubyte'),
        (['--output', '/dev/null'], 'the folder /dev/null cannot be written'),
        (['--clutter', '/no/such/folder'], 'there is no folder /no/such/folder'),
        (['--clutter', '/dev'], '/dev contains no pictures'),
        (['--learning-rate', '-1'], 'learning_rate must be above 0'),
        (['--epochs', '0'], 'must be at least 1, got 0'),
        (['--network', 'resnet'], "invalid choice: 'resnet'"),
    ],
)
def test_usage_errors(
    few_digits: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    more: list[str],
    reason: str,
) -> None:
    monkeypatch.setenv('OMP_WAIT_POLICY', 'PASSIVE')
    assert reason in usage_error(arguments(few_digits, tmp_path / 'new', *more), capsys)
    assert not (tmp_path / 'new').exists()
