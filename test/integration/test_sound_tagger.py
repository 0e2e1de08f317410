"""
The node ``sound_tagger``, as other processes see it.

The tests of this file share a process; each continues the time where the previous one stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import math
from pathlib import Path
import time

from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.core.audio.samples import WINDOW_SAMPLES
from nn_perception.core.inference.checkpoint import CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.model_store.store import ModelStore
from nn_perception_interfaces.msg import AudioChunk
import numpy as np
import pytest
from ros_graph import BEST_EFFORT, LATCHED, NodeProcess, own_domain, Peer, RELIABLE
from sound_messages import audio_chunk, chunks_of, HostileSound, noise, word
from std_msgs.msg import String
from std_srvs.srv import SetBool
from vision_msgs.msg import Classification, LabelInfo, VisionInfo

AUDIO_QOS = RELIABLE
SHIPPED = ('background', 'down', 'go', 'left', 'no', 'on', 'stop', 'up', 'yes')
HOSTILE_MESSAGES = 1000


class Listener:
    """A running sound_tagger, and what it publishes."""

    def __init__(self, peer: Peer, node: NodeProcess) -> None:
        self.peer, self.node = peer, node
        self.tags = peer.collect(Classification, 'sound_tagger/tags')
        self.labels = peer.collect(LabelInfo, 'sound_tagger/label_info', LATCHED)
        self.models = peer.collect(VisionInfo, 'sound_tagger/vision_info', LATCHED)
        self.reports = peer.diagnostics('/sound_tagger')
        self.microphone = peer.publisher(AudioChunk, 'audio', AUDIO_QOS)
        peer.matched(self.microphone)
        self.now_s = 1000.0

    def play(self, samples: np.ndarray, rate_hz: int = 16_000) -> list[Classification]:
        """Publish a sound after a second of noise, and return the results that it has."""
        quiet = noise(1.0, seed=int(self.now_s))
        begin_s = self.now_s + 5.0
        end_s = begin_s + 1.0 + len(samples) / rate_hz
        self.now_s = math.ceil(end_s)

        def results() -> list[Classification]:
            return [msg for msg in self.tags if begin_s <= stamp_s(msg) <= end_s]

        for msg in chunks_of(quiet, begin_s):
            self.microphone.publish(msg)
        self.peer.until(results)  # of the noise alone
        for msg in chunks_of(samples, begin_s + 1.0, rate_hz):
            self.microphone.publish(msg)
            self.peer.spin(0.001)
        self.peer.until(lambda: stamp_s(results()[-1]) > end_s - 0.3)
        found = results()
        del self.tags[:]
        return found

    def report_of(self, sentence: str) -> dict[str, str]:
        """Wait for diagnostics that contain a sentence."""
        found = self.peer.until(
            lambda: [one for one in self.reports if sentence in one['message']]
        )
        return found[-1]


@pytest.fixture(scope='module')
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """Start the node once."""
    with own_domain(tmp_path_factory.mktemp('sounds')) as domain:
        node = domain.start_node('sound_tagger', parameters={'smoothing_s': 0.0, 'min_score': 0.0})
        yield Listener(domain.peer, node)


def stamp_s(msg: Classification) -> float:
    return msg.header.stamp.sec + msg.header.stamp.nanosec * 1e-9


def best(messages: list[Classification]) -> list[str]:
    """Name the best tag of each result."""
    return [msg.results[0].class_id for msg in messages]


def test_the_model_is_described(listener: Listener) -> None:
    listener.peer.until(lambda: listener.labels and listener.models)
    names = [entry.class_name for entry in listener.labels[-1].class_map]
    assert set(SHIPPED) | {'silence'} <= set(names)
    assert listener.models[-1].method.startswith('sound_')
    assert listener.models[-1].database_version == 1


def test_a_word_is_heard_at_every_hop(listener: Listener, test_data: Path) -> None:
    clips = sorted((test_data / 'sounds' / 'yes').glob('*.wav'))[:6]
    heard = 0
    for clip in clips:
        results = listener.play(np.concatenate([word(clip), noise(0.5)]))
        stamps = [stamp_s(msg) for msg in results]
        assert np.allclose(np.diff(stamps), 0.25, atol=1e-6)
        assert {msg.header.frame_id for msg in results} == {'mic'}
        for msg in results:
            scores = [one.score for one in msg.results]
            assert scores == sorted(scores, reverse=True)
        heard += 'yes' in best(results)
    assert heard >= 5


def test_results_are_those_of_the_library(listener: Listener, test_data: Path) -> None:
    clip = word(sorted((test_data / 'sounds' / 'stop').glob('*.wav'))[0])[:WINDOW_SAMPLES]
    results = listener.play(np.concatenate([clip, noise(0.3)]))
    # The window that ends where the clip does holds nothing else; both begin with a second.
    msg = [one for one in results if not one.header.stamp.nanosec][-1]
    tagger = SoundTagger.open()
    samples = (clip / np.float32(32768)).astype(np.float32)
    scores = dict(zip(tagger.labels, tagger.scores_of([samples])[0], strict=True))
    tagger.close()
    label = max(scores, key=lambda name: scores[name])
    assert best([msg]) == [label]
    assert msg.results[0].score == pytest.approx(scores[label], abs=0.02)


@pytest.mark.parametrize('rate_hz', [8000, 22_050, 44_100, 48_000])
def test_any_rate_and_stereo(listener: Listener, test_data: Path, rate_hz: int) -> None:
    clip = word(sorted((test_data / 'sounds' / 'left').glob('*.wav'))[1])
    times_s = np.arange(round(len(clip) / 16_000 * rate_hz)) / rate_hz
    other = np.interp(times_s, np.arange(len(clip)) / 16_000, clip)
    stereo = np.stack([other, other], axis=1).astype(np.int16)
    after = np.zeros_like(stereo[: rate_hz // 2])
    results = listener.play(np.concatenate([stereo, after]), rate_hz)
    assert 'left' in best(results)


def test_silence_and_the_gate(listener: Listener) -> None:
    quiet = listener.play(noise(1.5, level=1e-4))
    assert best(quiet)[-1] == 'silence'
    assert listener.peer.set_parameter('/sound_tagger', 'gate_db', -120.0) == (True, '')
    assert best(listener.play(noise(1.5, level=1e-4)))[-1] != 'silence'
    assert listener.peer.set_parameter('/sound_tagger', 'gate_db', -60.0) == (True, '')


def test_the_overlap_can_change(listener: Listener) -> None:
    assert listener.peer.set_parameter('/sound_tagger', 'overlap', 0.9) == (True, '')
    stamps = [stamp_s(msg) for msg in listener.play(noise(2.0))]
    assert np.allclose(np.diff(stamps)[-5:], 0.1, atol=1e-6)
    accepted, reason = listener.peer.set_parameter('/sound_tagger', 'overlap', 1.0)
    assert not accepted
    assert '0.95' in reason
    assert listener.peer.set_parameter('/sound_tagger', 'overlap', 0.75) == (True, '')


def test_diagnostics_of_good_sound(listener: Listener) -> None:
    del listener.reports[:]
    listener.play(noise(2.0))
    report = listener.report_of('results per second')
    assert report['level'] == '0'
    assert report['model'].startswith('sound_')
    assert 'onnxruntime' in report['device']
    assert (report['sample_rate'], report['channels']) == ('16000', '1')
    assert float(report['level_db']) < -40
    assert report['chunks_dropped'] == '0'


def test_problems_are_said_in_plain_words(listener: Listener) -> None:
    del listener.reports[:]
    now_s = listener.now_s + 50.0
    for msg in chunks_of(np.zeros(5 * 16_000, np.int16), now_s):
        listener.microphone.publish(msg)
        listener.peer.spin(0.01)
    assert listener.report_of('is the microphone muted?')['level'] == '1'
    loud = (np.sign(noise(0.5)) * 32767).astype(np.int16)
    for msg in chunks_of(loud, now_s + 5.0):
        listener.microphone.publish(msg)
    listener.report_of('are clipped')
    listener.play(noise(1.0))  # after a gap
    assert 'listening restarts' in listener.node.log
    broken = audio_chunk(noise(0.1), chunks_header(listener.now_s))
    broken.sample_rate = 0
    listener.microphone.publish(broken)
    report = listener.report_of('the sampling rate is 0 Hz')
    assert int(report['chunks_refused']) >= 1
    assert 'rejected a chunk of sound: the sampling rate is 0 Hz' in listener.node.log
    listener.now_s += 100.0


def chunks_header(seconds: float) -> object:
    return next(chunks_of(noise(0.1), seconds)).header


def test_sound_without_stamps_has_the_time_of_receipt(listener: Listener) -> None:
    del listener.reports[:], listener.tags[:]
    before_s = time.time()
    for msg in chunks_of(noise(60.0), 0.0):
        msg.header.stamp.sec = msg.header.stamp.nanosec = 0
        listener.microphone.publish(msg)
        listener.peer.spin(0.1)
        if any('has no timestamps' in one['message'] for one in listener.reports):
            break
    listener.report_of('has no timestamps')
    assert before_s - 1.0 <= stamp_s(listener.tags[-1]) <= time.time() + 1.0


def test_it_can_be_disabled(listener: Listener) -> None:
    def enable(*, on: bool) -> SetBool.Response:
        return listener.peer.call(SetBool, 'sound_tagger/enable', SetBool.Request(data=on))

    assert enable(on=False).message == 'disabled: not subscribed to sound'
    listener.peer.until(lambda: not listener.microphone.get_subscription_count())
    del listener.reports[:]
    assert listener.report_of('disabled; call the service')['level'] == '0'
    assert enable(on=True).message == 'enabled'
    listener.peer.matched(listener.microphone)
    assert listener.play(noise(1.0))


def test_a_thousand_senseless_messages(listener: Listener, test_data: Path) -> None:
    hostile = HostileSound(seed=17)
    for number in range(HOSTILE_MESSAGES):
        listener.microphone.publish(hostile.message())
        if number % 20 == 19:
            listener.peer.spin(0.02)
    assert listener.node.process.poll() is None
    clip = sorted((test_data / 'sounds' / 'yes').glob('*.wav'))[0]
    listener.now_s += 1000.0
    assert 'yes' in best(listener.play(np.concatenate([word(clip), noise(0.5)])))
    assert len(listener.node.log.splitlines()) < 300


def test_nobody_publishes_or_another_type(
    peer: Peer, start_node: Callable[..., NodeProcess]
) -> None:
    node = start_node('sound_tagger')
    reports = peer.diagnostics('/sound_tagger')

    def said(sentence: str) -> None:
        peer.until(lambda: [one for one in reports if sentence in one['message']])

    said('no publisher on /audio; no microphone publishes in this ROS domain')
    other = peer.publisher(String, 'audio')
    said(
        '/audio has the type std_msgs/msg/String, expected nn_perception_interfaces/msg/AudioChunk'
    )
    peer.node.destroy_publisher(other)
    elsewhere = peer.publisher(AudioChunk, 'head/audio', BEST_EFFORT)
    said('sound is published on /head/audio; remap audio to one of them (-r audio:=/head/audio)')
    # Best effort, too.
    peer.node.destroy_publisher(elsewhere)
    tags = peer.collect(Classification, 'sound_tagger/tags')
    microphone = peer.publisher(AudioChunk, 'audio', BEST_EFFORT)
    peer.matched(microphone)
    for msg in chunks_of(noise(60.0), 10.0):
        microphone.publish(msg)
        peer.spin(0.02)
        if tags:
            break
    assert tags
    assert node.process.poll() is None


def version(folder: Path, labels: tuple[str, ...]) -> Path:
    """Write a fine-tuned model that has only some of the shipped words."""
    shipped = find_checkpoint('sound_words')
    rows = [shipped.labels.index(label) for label in labels]
    layer = shipped.head_layer
    weights = {
        name: values[rows] if name.startswith(f'{layer}.') else values
        for name, values in shipped.weights().items()
    }
    path = folder / f'{"_".join(labels)}.safetensors'
    metadata = CheckpointMetadata(
        network=shipped.network,
        labels=labels,
        preprocessing=shipped.preprocessing,
        version='1',
        head=shipped.head,
        fine_tuned_from=shipped.title,
    )
    write_checkpoint(path, weights, metadata)
    return path


def test_a_new_version_is_swapped_in_and_rolled_back(
    peer: Peer, start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    store = ModelStore(tmp_path / 'models')
    added = [
        store.add('sounds', version(tmp_path, labels), {}, 'ab' * 32)
        for labels in (('no', 'yes'), ('go', 'no', 'stop'))
    ]
    parameters = {'model': 'store:sounds', 'store_folder': store.root}
    start_node('sound_tagger', parameters=parameters)
    labels = peer.collect(LabelInfo, 'sound_tagger/label_info', LATCHED)
    models = peer.collect(VisionInfo, 'sound_tagger/vision_info', LATCHED)

    def known() -> list[str]:
        return [entry.class_name for entry in labels[-1].class_map] if labels else []

    peer.until(lambda: set(SHIPPED) <= set(known()))  # until there is a version
    for number, one in enumerate([*added, added[0]], 2):
        store.activate('sounds', one.version)
        peer.until(lambda one=one: known()[: len(one.labels)] == list(one.labels))
        peer.until(lambda number=number: models[-1].database_version == number)
