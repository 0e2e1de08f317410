"""Microphones, what is heard and what is recorded in the process of the page."""

from __future__ import annotations

from collections.abc import Iterator
import itertools
from pathlib import Path
import time
from types import SimpleNamespace
import zipfile

from nn_perception.core.audio.samples import WINDOW_SAMPLES
from nn_perception.core.audio.sound_files import decode_sound, encode_wav
from nn_perception.studio.backend.capabilities import SOUNDS
from nn_perception.studio.backend.sounds import SoundBlock, SoundResult
from nn_perception.studio.local import fine_tuning as fine_tuning_module
from nn_perception.studio.local.fine_tuning import LocalFineTuningOptions
from nn_perception.studio.local.sounds import hearing as hearing_module
from nn_perception.studio.local.sounds.hearing import Hearing, HearingChoice
from nn_perception.studio.local.sounds.local_sounds import LocalSounds, sound_options
from nn_perception.studio.local.sounds.microphones import is_sound
from nn_perception.training.datasets.labelled_frames import read_frames
import numpy as np
from patience import wait_until
import pytest
from tones import HIGH_HZ, LOW_HZ, pitch_of, PitchEmbedder, PitchTagger, tone

BLOCK_NS = 100_000_000


class Listener:
    """Collects what it receives."""

    def __init__(self) -> None:
        self.blocks: list[SoundBlock] = []
        self.results: list[SoundResult] = []

    def on_sound(self, block: SoundBlock) -> None:
        self.blocks.append(block)

    def on_result(self, result: SoundResult) -> None:
        self.results.append(result)


class Machine:
    """The sounds of a machine with two files; a network that counts how often it was opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened = 0
        self.files = [str(folder / 'low.wav'), str(folder / 'high.flac.wav')]
        for file, frequency_hz in zip(self.files, (LOW_HZ, HIGH_HZ), strict=True):
            Path(file).write_bytes(encode_wav(tone(frequency_hz, 2.0)))
        self.low, self.high = (f'file:{file}' for file in self.files)
        self.options = sound_options(
            LocalFineTuningOptions(datasets=folder / 'datasets', models=folder / 'models')
        )
        choice = HearingChoice(store_folder=str(folder / 'models'))
        self.hearing = Hearing(choice)
        self.sounds = LocalSounds(self.hearing, self.files, self.options)

    def open(self, model: str, options: object = None) -> PitchTagger:
        self.opened += 1
        return PitchTagger()

    def close(self) -> None:
        self.sounds.close()
        self.hearing.close()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(
        fine_tuning_module, 'Embedder', SimpleNamespace(open=lambda _: PitchEmbedder())
    )
    found = Machine(tmp_path)
    monkeypatch.setattr(hearing_module, 'SoundTagger', SimpleNamespace(open=found.open))
    yield found
    found.close()


def best(result: SoundResult) -> str:
    return str(result.values['tags'][0]['label'])


def test_a_file_is_a_microphone_that_plays_again_and_again(machine: Machine) -> None:
    assert [(one.id, one.kind) for one in machine.sounds.list()[:2]] == [
        (machine.low, 'file'),
        (machine.high, 'file'),
    ]
    listener = Listener()
    listening = machine.sounds.listen(machine.low, listener)
    # The file has 20 blocks.
    wait_until(lambda: len(listener.blocks) > 25)
    listening.close()
    assert {len(block.samples) for block in listener.blocks} == {3200}
    stamps = np.array([block.stamp_ns for block in listener.blocks])
    assert set(np.diff(stamps)) <= {BLOCK_NS} or np.diff(stamps).min() >= BLOCK_NS
    assert abs(time.time_ns() - stamps[-1]) < 60e9
    assert machine.sounds.silence_reason(machine.low) == ''


def test_folders_of_sounds_are_microphones_and_others_are_not(tmp_path: Path) -> None:
    for name in ('sounds/a.wav', 'sounds/b.WAV', 'mixed/a.wav', 'mixed/b.jpg', 'other/a.txt'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'')
    assert [name for name in ('sounds', 'mixed', 'other') if is_sound(str(tmp_path / name))] == [
        'sounds'
    ]
    assert [name for name in ('a.mp3', 'microphone:USB', 'a.mp4', '0') if is_sound(name)] == [
        'a.mp3',
        'microphone:USB',
    ]


def test_all_listeners_share_one_player_and_one_network(machine: Machine) -> None:
    first, second, other = Listener(), Listener(), Listener()
    open_ones = [
        machine.sounds.listen(machine.low, first),
        machine.sounds.listen(machine.low, second),
        machine.sounds.listen(machine.high, other),
    ]
    wait_until(lambda: second.results and other.results)
    assert {best(result) for result in second.results} == {'low'}
    assert {best(result) for result in other.results} == {'high'}
    known = {id(result) for result in first.results}
    assert {id(result) for result in second.results} & known
    assert machine.opened == 1
    status = machine.sounds.status()
    assert (status.capability, status.message) == (SOUNDS, '')
    assert status.values['model'] == 'pitch 1'
    for listening in open_ones:
        listening.close()
    count = len(first.blocks)
    time.sleep(0.25)
    assert len(first.blocks) == count


def test_settings_change_what_is_heard(machine: Machine) -> None:
    machine.sounds.change('overlap', 0.0)
    machine.sounds.change('top_k', 1.0)
    stream = machine.hearing.open_stream('a browser')
    wait_until(lambda: not stream.message and machine.sounds.status().values)
    block = (tone(HIGH_HZ, 1.0) * 32767).astype(np.int16)
    results = [*stream.feed(block, 10**9), *stream.feed(block), *stream.feed(block)]
    assert [result.stamp_ns for result in results] == [2 * 10**9, 3 * 10**9, 4 * 10**9]
    assert {best(result) for result in results} == {'high'}
    assert all(len(result.values['tags']) == 1 for result in results)
    machine.sounds.change('gate_db', 0.0)
    (silent,) = stream.feed(block)
    assert best(silent) == 'silence'
    with pytest.raises(ValueError, match='overlap must be 0 to'):
        machine.sounds.change('overlap', 1.0)
    with pytest.raises(ValueError, match='no setting'):
        machine.sounds.change('volume', 1.0)
    with pytest.raises(ValueError, match='expected samples of int16'):
        stream.feed(np.zeros(100, np.int64))
    stream.close()


def test_a_microphone_that_is_gone_is_refused(machine: Machine) -> None:
    with pytest.raises(ValueError, match='there is no microphone'):
        machine.sounds.listen('file:gone', Listener())
    assert 'there is no microphone' in machine.sounds.silence_reason('file:gone')
    Path(machine.files[0]).write_bytes(b'no sound')
    listening = machine.sounds.listen(machine.low, Listener())
    wait_until(lambda: 'text, not a sound' in machine.sounds.silence_reason(machine.low))
    listening.close()
    with pytest.raises(ValueError, match='text, not a sound'):
        LocalSounds(machine.hearing, machine.files, machine.options)


def test_a_recording_is_stored_second_by_second(machine: Machine) -> None:
    taught = machine.sounds.fine_tuning
    assert taught.state().model == taught.state().dataset == 'sounds'
    taught.use_camera(machine.high)
    for label in ('whistle', 'background'):
        taught.record(label, 0.0)
        assert taught.state().recording == label
        wait_until(lambda label=label: taught.state().counts.get(label, 0) >= 2)
        taught.stop_recording()
    assert taught.state().recording == ''
    # Nobody asked what was heard.
    assert machine.opened == 0
    clips = read_frames(taught.dataset_folder()).frames
    assert len({clip.recording for clip in clips}) == 2
    assert {clip.topic for clip in clips} == {machine.high}
    for label in ('whistle', 'background'):
        own = [clip for clip in clips if clip.label == label]
        assert len({clip.recording for clip in own}) == 1
        assert {b.stamp_ns - a.stamp_ns for a, b in itertools.pairwise(own)} == {10**9}
    sound = decode_sound(taught.picture(taught.frames('whistle', 0, 1).frames[0].id, 64))
    assert len(sound) == WINDOW_SAMPLES
    assert abs(pitch_of(sound) - HIGH_HZ) < 2.0


def test_files_are_cut_and_archives_imported(machine: Machine) -> None:
    taught = machine.sounds.fine_tuning
    taught.add_frame(encode_wav(tone(LOW_HZ, 2.0)), 'hum', 5 * 10**9, 'my recording')
    assert taught.state().counts == {'hum': 2}
    clips = read_frames(taught.dataset_folder()).frames
    assert [(clip.stamp_ns, clip.recording) for clip in clips] == [
        (5 * 10**9, 'my recording'),
        (6 * 10**9, 'my recording'),
    ]
    with pytest.raises(ValueError, match='is text, not a sound'):
        taught.add_frame(b'hello', 'hum')
    path = machine.folder / 'sounds.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.write(machine.files[1], 'whistle/one.wav')
        archive.writestr('whistle/two.wav', b'no sound')
    # Its two seconds are the same.
    assert taught.import_zip(path).startswith('1 sound stored')
    assert taught.state().counts == {'hum': 2, 'whistle': 1}
    assert taught.rename_label('hum', 'low') == 2
    assert taught.delete_frames([taught.frames('low', 0, 1).frames[0].id]) == 1
    assert taught.delete_label('whistle') == 1


def test_a_full_dataset_ends_the_recording_with_a_sentence(
    tmp_path: Path, machine: Machine
) -> None:
    machine.close()
    options = LocalFineTuningOptions(
        datasets=tmp_path / 'full', dataset='sounds', quota_bytes=70_000, models=tmp_path / 'm'
    )
    sounds = LocalSounds(machine.hearing, machine.files, options)
    sounds.fine_tuning.record('hum', 0.0)
    wait_until(lambda: sounds.fine_tuning.state().notice)
    assert 'the dataset sounds is full' in sounds.fine_tuning.state().notice
    assert sounds.fine_tuning.state().counts == {'hum': 2}
    assert sounds.fine_tuning.state().recording == ''
    sounds.close()
