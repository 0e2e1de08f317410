"""Ten thousand frames: opened at once, trained in a minute, within a bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
import hashlib
import json
import os
from pathlib import Path
import re
import subprocess
import sys
import time

import cv2
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.subprocess import subprocess_environment
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import (
    embedding_key,
    EmbeddingCache,
    FrameFeatures,
)
from nn_perception.training.datasets.labelled_frames import LabelledFrame, MANIFEST, manifest_of
from nn_perception.training.model_store.report import TrainingReport
from nn_perception.training.model_store.store import ModelStore
import numpy as np
import pytest

FRAMES, LABELS, PER_BURST = 10_000, 10, 20
FEATURES = 8672
SECOND = 1_000_000_000
BASE = 'efficientnet_lite0'
# In processor time on one core, since other tests run beside it.
MAX_SECONDS = 60.0
MAX_MEGABYTES = 1_500

pytestmark = pytest.mark.long


def write_frames(folder: Path) -> list[LabelledFrame]:
    """Write noise, in recordings of twenty frames a label, and the manifest."""
    random = np.random.default_rng(0)
    frames = []
    for number in range(FRAMES):
        label, at = f'label {number % LABELS}', number // LABELS
        stamp_ns = (1 + at // PER_BURST) * 60 * SECOND + at % PER_BURST * SECOND // 5
        path = folder / label / f'{stamp_ns}_{number}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        png = cv2.imencode('.png', random.integers(0, 256, (24, 32, 3), np.uint8))[1].tobytes()
        path.write_bytes(png)
        sha256 = hashlib.sha256(png).hexdigest()
        frames.append(LabelledFrame(path, label, stamp_ns, '/camera', sha256))
    (folder / MANIFEST).write_bytes(manifest_of(frames))
    return frames


def write_embeddings(frames: list[LabelledFrame]) -> None:
    """Fill the cache, as recording does: labels overlap, and frames of a recording are alike."""
    cache = EmbeddingCache.of(embedding_key(find_checkpoint(BASE).for_fine_tuning()))
    random = np.random.default_rng(0)
    means = random.gamma(1.0, 1.0, (LABELS, FEATURES)).astype(np.float32)
    for start in range(0, FRAMES, LABELS * PER_BURST):
        scenes = means + 5.0 * random.normal(size=(LABELS, FEATURES)).astype(np.float32)
        some = frames[start : start + LABELS * PER_BURST]
        noise = random.normal(size=(len(some), FEATURES)).astype(np.float32)
        cache.add({
            frame.sha256: FrameFeatures(np.maximum(scenes[at % LABELS] + noise[at], 0.0), 100.0)
            for at, frame in enumerate(some)
        })  # fmt: skip


@pytest.fixture(scope='module')
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp('large')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('NN_PERCEPTION_CACHE', str(root / 'cache'))
        write_embeddings(write_frames(root / 'datasets' / 'large'))
        yield root / 'datasets' / 'large'


def test_it_is_opened_and_listed_at_once(dataset: Path) -> None:
    began_s = time.process_time()
    with Dataset.open(dataset.parent, dataset.name) as opened:
        assert opened.problems == ()
        assert len(opened.frames()) == FRAMES
        assert time.process_time() - began_s < 2.0
        began_s = time.process_time()
        assert opened.counts() == {f'label {n}': FRAMES // LABELS for n in range(LABELS)}
        assert opened.size_bytes > FRAMES * 24 * 32 * 3
        assert time.process_time() - began_s < 0.1


def peak_megabytes(process: int) -> float:
    """Read the largest resident memory of a running process so far; 0 if it has just ended."""
    status = Path(f'/proc/{process}/status').read_text()
    found = re.search(r'VmHWM:\s+(\d+) kB', status)
    return int(found[1]) / 1e3 if found else 0.0


def test_a_head_is_trained_in_a_minute(dataset: Path, tmp_path: Path) -> None:
    words = ['train', dataset, '--store', tmp_path, '--name', 'large', '--json']
    process = subprocess.Popen(
        [sys.executable, '-m', 'nn_perception.cli', *map(str, words)],
        env=subprocess_environment() | {'OPENBLAS_NUM_THREADS': '1'},
        stdout=subprocess.PIPE,
        text=True,
    )
    megabytes = 0.0
    # The maximum that the kernel reports at the end began with the memory of this process.
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        megabytes = peak_megabytes(process.pid) or megabytes
        time.sleep(0.05)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert usage.ru_utime + usage.ru_stime < MAX_SECONDS
    assert 0.0 < megabytes < MAX_MEGABYTES
    found = json.loads(output)
    assert 0.9 < found['accuracy'] <= 1.0
    version = ModelStore(tmp_path).active('large')
    assert version is not None
    report = TrainingReport.from_json(version.report())
    assert len(report.held_out) == FRAMES // 5
    assert report.cross_validation_accuracy == pytest.approx(found['accuracy'], abs=0.05)
