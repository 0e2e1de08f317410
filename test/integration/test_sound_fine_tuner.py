"""Sounds are recorded, learned and told apart by nodes; one is killed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
import itertools
import math
from pathlib import Path
import signal
from typing import Any

from nn_perception.core.audio.sound_files import as_int16, decode_sound, encode_wav
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import AudioChunk, DatasetSummary, ModelVersion
from nn_perception_interfaces.srv import (
    ActivateModel,
    AddClip,
    Capture,
    DeleteFrames,
    GetClip,
    ListFrames,
    ListModels,
    Record,
    RenameLabel,
)
import numpy as np
import pytest
from rclpy.action import ActionClient
from ros_graph import Domain, LATCHED, NodeProcess, own_domain, Peer
from sound_messages import chunks_of, noise
from tones import HIGH_HZ, LOW_HZ, tone
from vision_msgs.msg import Classification, LabelInfo


class Robot:
    """A microphone that a test plays to, and a node that records it."""

    def __init__(self, domain: Domain) -> None:
        self._domain, self.peer = domain, domain.peer
        self.folders = {
            'data_folder': domain.folder / 'datasets',
            'store_folder': domain.folder / 'models',
        }
        self.summaries = self.peer.collect(DatasetSummary, 'sound_fine_tuner/dataset', LATCHED)
        self.active = self.peer.collect(ModelVersion, 'sound_fine_tuner/active_model', LATCHED)
        self.microphone = self.peer.publisher(AudioChunk, 'audio')
        self._numbers = itertools.count()
        self.now_s = 1000.0
        self.node = self.start()

    def start(self) -> NodeProcess:
        """Start the node that records."""
        before = len(self.summaries)
        node = self._domain.start_node('sound_fine_tuner', parameters=self.folders)
        self.peer.until(lambda: len(self.summaries) > before or node.process.poll() is not None)
        assert node.process.poll() is None, node.log
        self.peer.matched(self.microphone)
        return node

    def start_tagger(self) -> list[Classification]:
        """Start a node that hears with the active version, and return its growing results."""
        labels = self.peer.collect(LabelInfo, 'sound_tagger/label_info', LATCHED)
        store = {'model': 'store:sounds', 'store_folder': self.folders['store_folder']}
        self._domain.start_node('sound_tagger', parameters=store)
        self.peer.until(lambda: labels)
        self.peer.matched(self.microphone, 2)
        return self.peer.collect(Classification, 'sound_tagger/tags')

    def ask(self, kind: type, name: str, **fields: Any) -> Any:
        """Call one of its services."""
        return self.peer.call(kind, f'sound_fine_tuner/{name}', kind.Request(**fields))

    def play(self, samples: np.ndarray) -> None:
        """Publish a sound; its time continues that of the previous one."""
        for msg in chunks_of(samples, self.now_s):
            self.microphone.publish(msg)
            self.peer.spin(0.002)
        self.now_s += len(samples) / 16_000

    def counts(self) -> dict[str, int]:
        """Return the counts of the newest summary."""
        newest = self.summaries[-1]
        return dict(zip(newest.labels, newest.counts, strict=True))

    def record(self, label: str, seconds: int) -> None:
        """Record a sound for some seconds."""
        expected = self.counts().get(label, 0) + seconds
        started = self.ask(Record, 'record', record=True, label=label)
        assert started.success, started.message
        # The first part of a second belongs to what came before.
        self.play(sound(label, seconds + 0.5, next(self._numbers)))
        self.peer.until(lambda: self.counts().get(label, 0) >= expected)
        assert self.ask(Record, 'record', record=False).success

    def fine_tune(self) -> FineTune.Result:
        """Train, and return the result."""
        client = ActionClient(self.peer.node, FineTune, 'sound_fine_tuner/fine_tune')
        self.peer.until(client.server_is_ready)
        sent = client.send_goal_async(FineTune.Goal())
        self.peer.until(sent.done)
        assert sent.result().accepted
        result = sent.result().get_result_async()
        self.peer.until(result.done)
        client.destroy()
        return result.result().result


@pytest.fixture(scope='module')
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robot]:
    with own_domain(tmp_path_factory.mktemp('taught')) as domain:
        yield Robot(domain)


def sound(label: str, seconds: float, seed: int = 0) -> np.ndarray:
    """Make a hum, a whistle that comes and goes, or the noise of a room; int16."""
    room = noise(seconds, 0.004, seed)
    if label == 'background':
        return room
    frequency_hz = LOW_HZ if label == 'hum' else HIGH_HZ
    loudness = 0.2 + 0.1 * (seed % 3)
    wave = tone(frequency_hz * (1.0 + 0.02 * (seed % 5)), seconds, loudness)
    if label != 'hum':
        wave *= np.sin(np.arange(len(wave)) * (2.0 * np.pi * 4.0 / 16_000)) > 0.0
    return as_int16(wave.astype(np.float32)) + room


def best_of(peer: Peer, robot: Robot, tags: list[Classification], label: str) -> str:
    """Play a sound, and return the tag that most of its windows have."""
    tags.clear()
    # The first windows also contain what was played before, and the average does even longer.
    first_s, last_s = robot.now_s + 1.5, robot.now_s + 4.5
    robot.play(sound(label, 5.0, 40))
    peer.until(lambda: tags and stamp_s(tags[-1]) >= last_s)
    heard = [msg for msg in tags if stamp_s(msg) >= first_s]
    names = [msg.results[0].class_id for msg in heard if msg.results]
    assert names, heard
    return max(set(names), key=names.count)


def stamp_s(msg: Classification) -> float:
    return float(msg.header.stamp.sec + msg.header.stamp.nanosec * 1e-9)


def test_sounds_are_taught_and_a_kill_costs_one_clip(robot: Robot, tmp_path: Path) -> None:
    peer = robot.peer
    for label in ('background', 'hum', 'whistle', 'background', 'hum'):
        robot.record(label, 4)
    robot.ask(Record, 'record', record=True, label='whistle')
    robot.play(sound('whistle', 4.2, 9))
    peer.until(lambda: robot.counts()['whistle'] >= 7)
    before = robot.counts()
    robot.node.send(signal.SIGKILL)
    robot.node.process.wait()
    robot.node = robot.start()
    after = robot.counts()
    assert after.keys() == before.keys()
    assert all(after[label] >= before[label] for label in before)
    clips = read_frames(robot.folders['data_folder'] / 'sounds').frames
    recordings = {clip.recording for clip in clips}
    assert len(recordings) == 6
    assert {clip.topic for clip in clips} == {'/audio'}
    for recording in recordings:
        stamps = [clip.stamp_ns for clip in clips if clip.recording == recording]
        np.testing.assert_allclose(np.diff(stamps), 1e9, atol=1e6)

    result = robot.fine_tune()
    assert result.success, result.message
    assert result.activated
    peer.until(lambda: robot.active and robot.active[-1].version == result.version)
    tags = robot.start_tagger()
    assert best_of(peer, robot, tags, 'hum') == 'hum'
    assert best_of(peer, robot, tags, 'whistle') == 'whistle'
    assert best_of(peer, robot, tags, 'background') == 'background'

    # A renamed label is a new version.
    renamed = robot.ask(RenameLabel, 'rename_label', label='hum', new_label='motor')
    assert renamed.success, renamed.message
    peer.until(lambda: best_of(peer, robot, tags, 'hum') == 'motor')
    assert robot.ask(ActivateModel, 'activate_model', version=result.version).success
    peer.until(lambda: best_of(peer, robot, tags, 'hum') == 'hum')
    versions = robot.ask(ListModels, 'list_models').models
    assert [one.active for one in versions] == [False, True]


def test_clips_are_added_listed_and_heard(robot: Robot) -> None:
    long = tone(700.0, 2.5) + np.linspace(0.0, 0.1, 40_000, dtype=np.float32)
    added = robot.ask(AddClip, 'add_clip', file=encode_wav(long), label='beep', recording='mine')
    assert (added.success, added.total, len(added.ids)) == (True, 3, 3), added.message
    assert added.message == 'beep: 3 clips'
    listed = robot.ask(ListFrames, 'list_frames', label='beep')
    assert {frame.id for frame in listed.frames} == set(added.ids)
    clip = robot.ask(GetClip, 'get_clip', id=added.ids[0])
    assert clip.success, clip.message
    np.testing.assert_allclose(decode_sound(bytes(clip.file)), long[:16_000], atol=1e-4)
    for file, label, reason in (
        (b'', 'beep', 'is empty'),
        (b'\x89PNG\r\n', 'beep', 'is a picture'),
        (encode_wav(long[:1000]), 'beep', '0.1 s are needed'),
        (encode_wav(long), '../beep', 'cannot be the name of a label'),
        (encode_wav(long), 'unknown', 'is reserved'),
    ):
        refused = robot.ask(AddClip, 'add_clip', file=file, label=label)
        assert not refused.success
        assert reason in refused.message
    for wrong in ('beep/../../x.wav', 'beep', ''):
        assert 'there is no clip' in robot.ask(GetClip, 'get_clip', id=wrong).message
    deleted = robot.ask(DeleteFrames, 'delete_frames', ids=list(added.ids))
    assert (deleted.message, deleted.deleted) == ('deleted 3 clips', 3)


def test_the_last_second_is_captured(robot: Robot) -> None:
    robot.peer.spin(1.5)
    refused = robot.ask(Capture, 'capture', label='click')
    assert not refused.success
    assert 'no sound in the last 1 s' in refused.message

    def capture() -> Any:
        robot.play(sound('background', 2.0, 5))
        robot.peer.spin(0.1)
        response = robot.ask(Capture, 'capture', label='click')
        # The sound may be too old where the machine is busy.
        return None if 'no sound in the last' in response.message else response

    captured = robot.peer.until(capture)
    assert (captured.success, captured.message) == (True, 'click: 1 clips')
    (frame,) = robot.ask(ListFrames, 'list_frames', label='click').frames
    end_s = frame.stamp.sec + frame.stamp.nanosec * 1e-9 + 1.0
    assert math.isclose(end_s, robot.now_s, abs_tol=0.3)
    assert robot.ask(DeleteFrames, 'delete_frames', label='click').success
