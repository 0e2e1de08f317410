"""Fine-tuning of the small digit network to classify drawn shapes."""

from __future__ import annotations

from dataclasses import asdict
import json
import subprocess
import sys

import cv2
from nn_perception.capabilities.tagging.out_of_distribution import UNKNOWN
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.datasets.embeddings import EmbeddingCache
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.fine_tuning.fine_tune import fine_tune
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from nn_perception.training.model_store.report import TrainingReport
from nn_perception.training.plots import draw_report
import numpy as np
import pytest

BASE = 'digit_cnn'
SHAPES = ('bar', 'cross', 'ring')
FRAMES = 12


def draw(shape, random):
    """Draw a shape somewhere on a dark background, ``(56, 56, 3)``."""
    picture = np.full((56, 56, 3), 20, np.uint8)
    x, y = (int(value) for value in random.integers(24, 32, 2))
    size = int(random.integers(10, 16))
    if shape == 'ring':
        cv2.circle(picture, (x, y), size, (255, 255, 255), 3)
    else:
        cv2.line(picture, (x - size, y), (x + size, y), (255, 255, 255), 4)
    if shape == 'cross':
        cv2.line(picture, (x, y - size), (x, y + size), (255, 255, 255), 4)
    noise = random.integers(0, 20, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    random = np.random.default_rng(0)
    root = tmp_path_factory.mktemp('shapes')
    for shape in SHAPES:
        (root / shape).mkdir()
        for number in range(FRAMES):
            cv2.imwrite(str(root / shape / f'{number}.png'), draw(shape, random))
    return root


@pytest.fixture(scope='module')
def frames(folder):
    return read_frames(folder).frames


@pytest.fixture(scope='module')
def cache(tmp_path_factory):
    return EmbeddingCache.of('shapes', tmp_path_factory.mktemp('embeddings'))


@pytest.fixture(scope='module')
def tuned(frames, cache):
    return fine_tune(frames, BASE, FineTuneSettings(seed=1), cache=cache)


def test_a_head_is_trained(tuned):
    assert tuned.labels == SHAPES
    assert tuned.report['accuracy'] == tuned.evaluation.accuracy >= 0.8
    assert tuned.history == ()
    assert tuned.report['frames'] == dict.fromkeys(SHAPES, FRAMES)
    assert tuned.report['trained_with'] + len(tuned.held_out) == 3 * FRAMES
    assert tuned.report['settings'] == asdict(FineTuneSettings(seed=1))
    assert json.loads(json.dumps(tuned.report)) == tuned.report


def test_the_report_names_the_held_out_frames(tuned):
    report = TrainingReport.from_json(json.loads(json.dumps(tuned.report)))
    assert [frame.sha256 for frame in report.held_out] == [f.sha256 for f in tuned.held_out]
    assert [frame.label for frame in report.held_out] == [f.label for f in tuned.held_out]
    cells = [[len(report.frames_of(label, predicted)) for predicted in SHAPES] for label in SHAPES]
    assert cells == tuned.evaluation.confusion.tolist()


def test_the_seed_determines_the_result(tuned, frames, cache):
    again = fine_tune(frames, BASE, FineTuneSettings(seed=1), cache=cache)
    assert again.version == tuned.version
    assert again.held_out == tuned.held_out
    other = fine_tune(frames, BASE, FineTuneSettings(seed=2), cache=cache)
    assert other.held_out != tuned.held_out


def test_a_tagger_runs_it_and_reports_unknown(tuned, tmp_path):
    checkpoint = tuned.write(tmp_path / 'shapes.safetensors')
    assert checkpoint.fine_tuned_from.startswith('digit_cnn ')
    tagger = Tagger.open(str(checkpoint.path), RunOptions(device='cpu'))
    assert tagger.labels == (*SHAPES, UNKNOWN)
    right = 0
    for frame in tuned.held_out:
        scores = tagger.scores(read_image(frame.path))
        assert scores.sum() == pytest.approx(1.0, abs=1e-5)
        right += tagger.labels[int(scores.argmax())] == frame.label
    assert right >= 0.7 * len(tuned.held_out)
    stranger = np.random.default_rng(0).integers(0, 256, (56, 56, 3)).astype(np.uint8)
    assert tagger.tag(stranger)[0].label == UNKNOWN


def test_the_whole_network_computes_the_same_scores(tuned, tmp_path):
    torch = pytest.importorskip('torch')
    checkpoint = tuned.write(tmp_path / 'shapes.safetensors')
    tagger = Tagger.open(str(checkpoint.path), RunOptions(device='cpu'))
    image = read_image(tuned.held_out[0].path)
    with torch.inference_mode():
        logits = load_network(checkpoint)(torch.from_numpy(checkpoint.preprocessing([image])))
    known = tagger.scores(image)[: len(SHAPES)]
    np.testing.assert_allclose(known / known.sum(), logits.softmax(1)[0], atol=1e-4)


def test_versions_share_their_backbone(tuned, frames, cache, tmp_path):
    other = fine_tune(frames, BASE, FineTuneSettings(seed=2), cache=cache)
    backbones = {
        one.write(tmp_path / f'{one.version}.safetensors').without_head().identity
        for one in (tuned, other)
    }
    assert backbones == {tuned.base.without_head().identity}


def test_a_fine_tuned_network_can_be_fine_tuned_again(tuned, frames, cache, tmp_path):
    path = tuned.write(tmp_path / 'shapes.safetensors').path
    two = [frame for frame in frames if frame.label != 'ring']
    again = fine_tune(two, str(path), cache=cache)
    assert again.labels == ('bar', 'cross')
    assert (
        Tagger.open(str(again.write(path).path), RunOptions(device='cpu')).labels[:2]
        == again.labels
    )


@pytest.mark.parametrize('unfreeze', ['last_block', pytest.param('all', marks=pytest.mark.long)])
def test_training_the_backbone(frames, cache, tmp_path, unfreeze):
    progress = []
    settings = FineTuneSettings(unfreeze=unfreeze, max_epochs=3)
    deeper = fine_tune(frames, BASE, settings, cache=cache, on_progress=progress.append)
    assert [epoch.epoch for epoch in deeper.history] == [1, 2, 3]
    assert [p.epoch for p in progress if p.epoch] == list(deeper.history)
    assert deeper.report['accuracy'] >= 0.8
    assert Tagger.open(
        str(deeper.write(tmp_path / 'deep.safetensors').path), RunOptions(engine='torch')
    )
    again = fine_tune(frames, BASE, settings, cache=cache)
    assert again.version == deeper.version
    draw_report(tmp_path / 'report.png', deeper.evaluation, deeper.history)
    assert cv2.imread(str(tmp_path / 'report.png')) is not None


@pytest.mark.parametrize('stage', ['frames', 'head', 'network'])
def test_an_exception_of_the_callback_ends_the_training(frames, cache, stage):
    def on_progress(progress):
        if progress.stage == stage:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fine_tune(frames, BASE, FineTuneSettings('all'), cache=cache, on_progress=on_progress)


@pytest.mark.parametrize(('given', 'tried'), [(0.0, 4), (1e30, 1)])
def test_lower_learning_rates_are_tried_only_by_default(frames, cache, monkeypatch, given, tried):
    from nn_perception.training.fine_tuning import backbone_training

    rates = []

    class Diverging(backbone_training.BackboneTraining):
        def __init__(self, *args, learning_rate, **options):
            rates.append(learning_rate)
            super().__init__(*args, learning_rate=1e30, **options)

    monkeypatch.setattr(backbone_training, 'BackboneTraining', Diverging)
    with pytest.raises(ArithmeticError, match='the loss became'):
        fine_tune(frames, BASE, FineTuneSettings('all', learning_rate=given), cache=cache)
    assert len(rates) == tried
    assert rates == sorted(set(rates), reverse=True)


def test_missing_and_damaged_frames_are_left_out(folder, tmp_path, cache):
    for shape in SHAPES:
        (tmp_path / shape).mkdir()
        for path in (folder / shape).iterdir():
            (tmp_path / shape / path.name).write_bytes(path.read_bytes())
    (tmp_path / 'bar' / '1.png').write_bytes((folder / 'bar' / '1.png').read_bytes()[:300])
    frames = read_frames(tmp_path).frames
    (tmp_path / 'bar' / '0.png').unlink()
    (tmp_path / 'ring' / '0.png').write_bytes(b'another')
    warnings = fine_tune(frames, BASE, cache=cache).report['warnings']
    assert any('bar/0.png does not exist any more: left out' in sentence for sentence in warnings)
    assert any('bar/1.png' in sentence and 'truncated' in sentence for sentence in warnings)
    assert any('ring/0.png has changed' in sentence for sentence in warnings)


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'unfreeze': 'tail'}, "unfreeze must be head, last_block, all, got 'tail'"),
        ({'max_epochs': -1}, 'max_epochs'),
        ({'learning_rate': float('nan')}, 'learning_rate'),
        ({'validation_fraction': 0.0}, 'validation_fraction'),
        ({'seed': -1}, 'seed'),
    ],
)
def test_invalid_settings(change, reason):
    with pytest.raises(ValueError, match=reason):
        FineTuneSettings(**change)


def test_the_command(folder, tmp_path):
    command = [sys.executable, '-m', 'nn_perception.cli', 'train', '--model', BASE, '--json']
    store = ['--store', str(tmp_path / 'store'), '--name', 'shapes']
    finished = subprocess.run(
        [*command, str(folder), *store], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    result = json.loads(finished.stdout)
    assert list(result) == [
        'version', 'checkpoint', 'labels', 'accuracy', 'confusion', 'seconds'
    ]  # fmt: skip
    assert result['labels'] == list(SHAPES)
    assert Tagger.open(result['checkpoint'], RunOptions(device='cpu')).labels[-1] == UNKNOWN
    (tmp_path / 'one' / 'mug').mkdir(parents=True)
    finished = subprocess.run(
        [*command, str(tmp_path / 'one'), *store], capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stdout) == (2, '')
    assert 'there are no frames' in finished.stderr
