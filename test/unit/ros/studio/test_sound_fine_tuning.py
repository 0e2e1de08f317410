"""The page and the services of a ``sound_fine_tuner``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
import zipfile

from nn_perception.core.audio.sound_files import decode_sound, encode_wav
from nn_perception.ros.fine_tuning.clip_recorder import ClipRecorder
from nn_perception.ros.fine_tuning.clip_services import ClipServices
from nn_perception.ros.fine_tuning.dataset_services import DatasetAccess
from nn_perception.ros.fine_tuning.summary_topics import DatasetTopic
from nn_perception.ros.studio.sounds.sound_fine_tuning import RosSoundFineTuning
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.model_store.relabel import StoredModel
from nn_perception.training.model_store.store import ModelStore
import numpy as np
from patience import wait_until
import pytest
from tones import HIGH_HZ, LOW_HZ, PitchEmbedder, tone


class Embedder(PitchEmbedder):
    """An embedder as a node has it."""

    description = 'no device'


@pytest.fixture
def page(
    graph: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RosSoundFineTuning]:
    """The page, and a node that offers the services of a dataset of clips."""
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    dataset = Dataset.open(tmp_path / 'datasets', 'door', quota_bytes=1_000_000, medium=SOUNDS)
    recorder, topic = ClipRecorder(dataset, Embedder(), '/audio'), DatasetTopic(graph.robot)
    access = DatasetAccess(
        words=SOUNDS.words,
        recorder=lambda: recorder,
        model=lambda: StoredModel(ModelStore(tmp_path / 'models'), 'sounds'),
        job_runs=lambda: False,
        on_frames=topic.publish,
        on_version=lambda: None,
    )
    services = ClipServices(graph.robot, access)
    topic.publish(recorder)
    found = RosSoundFineTuning(graph.page)
    wait_until(lambda: found.state().dataset)
    yield found
    graph.calls.call(found.close)
    services.close()
    recorder.close()


def test_sounds_are_stored_heard_and_deleted(page: RosSoundFineTuning) -> None:
    sound = np.concatenate([tone(LOW_HZ, 1.0), tone(HIGH_HZ, 1.0)])
    first = page.add_frame(encode_wav(sound), 'knock', 5 * 10**9, 'mine')
    wait_until(lambda: page.state().counts == {'knock': 2})
    listed = page.frames('knock', 0, 10)
    assert (listed.total, {frame.stamp_ns for frame in listed.frames}) == (
        2,
        {5 * 10**9, 6 * 10**9},
    )
    assert first in {frame.id for frame in listed.frames}
    np.testing.assert_allclose(decode_sound(page.picture(first)), sound[:16_000], atol=1e-4)
    assert page.rename_label('knock', 'door') == 2
    assert page.delete_frames([page.frames('door', 0, 1).frames[0].id]) == 1
    for file, label, reason in (
        (b'no sound at all', 'door', 'is text, not a sound'),
        (encode_wav(sound), 'unknown', 'reserved'),
        (bytes(20_000_001), 'door', 'more than 20 MB'),
    ):
        with pytest.raises(ValueError, match=reason):
            page.add_frame(file, label)
    with pytest.raises(ValueError, match='there is no clip'):
        page.picture('door/../../x.wav')


def test_an_archive_is_sent_clip_by_clip(page: RosSoundFineTuning, tmp_path: Path) -> None:
    path = tmp_path / 'sounds.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        sound = np.concatenate([tone(LOW_HZ, 1.0), tone(HIGH_HZ, 1.0)])
        archive.writestr('whistle/one.wav', encode_wav(sound))
        archive.writestr('whistle/two.wav', b'no sound')
    message = page.import_zip(path)
    assert message.startswith('Stored 2 sounds.')
    assert 'two.wav' in message
    assert page.import_zip(path).startswith('Stored 0 sounds, and 2 were there already.')
    wait_until(lambda: page.state().counts == {'whistle': 2})
