"""The node ``sound_source`` plays sound files as a microphone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import time

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.core.audio.sound_files import as_int16, read_sound
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception_interfaces.msg import AudioChunk
import numpy as np
from patience import HANGS_S, stretched
from rclpy.time import Time
from ros_graph import NodeProcess, Peer
import soundfile

ONCE = {'wait_for_subscriber': True, 'loop': False, 'exit_at_end': True}
WORDS = SAMPLES_FOLDER / 'sounds' / 'words.flac'


def stamp_ns(msg: AudioChunk) -> int:
    return int(Time.from_msg(msg.header.stamp).nanoseconds)


def test_plays_a_folder_once_in_real_time_with_exact_stamps(
    peer: Peer, start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    stereo = np.random.default_rng(0).integers(-32768, 32768, (44_100, 2)).astype(np.int16)
    soundfile.write(tmp_path / '1.wav', stereo, 44_100)
    (tmp_path / '2.mp3').write_bytes(b'no sound')
    soundfile.write(tmp_path / '10.flac', stereo[:3306, 0], 22_050)
    chunks: list[AudioChunk] = []
    arrivals_ns: list[int] = []

    def on_audio(msg: AudioChunk) -> None:
        chunks.append(msg)
        arrivals_ns.append(time.time_ns())

    peer.node.create_subscription(AudioChunk, '/robot/audio', on_audio, 50)
    playing = peer.collect(DiagnosticArray, '/robot/sound_source/playing')
    node = start_node(
        'sound_source',
        parameters={**ONCE, 'source': tmp_path, 'chunk_s': 0.05, 'frame_id': 'ear'},
        ros_args=['-r', '__ns:=/robot'],
    )
    peer.until(lambda: len(chunks) == 23 and len(playing) == 2)
    assert node.process.wait(HANGS_S) == 0
    assert '2.mp3 is text, not a sound' in node.log
    assert [msg.status[0].message for msg in playing] == ['1.wav', '10.flac']
    first, second = chunks[:20], chunks[20:]
    assert {(msg.sample_rate, msg.channels) for msg in first} == {(44_100, 2)}
    assert {(msg.sample_rate, msg.channels) for msg in second} == {(22_050, 1)}
    assert np.array_equal(np.concatenate([msg.samples for msg in first]), stereo.ravel())
    assert np.array_equal(np.concatenate([msg.samples for msg in second]), stereo[:3306, 0])
    assert {msg.header.frame_id for msg in chunks} == {'ear'}
    # Each chunk begins where the previous one ended, to the nanosecond.
    begin_ns = stamp_ns(chunks[0])
    assert [stamp_ns(msg) - begin_ns for msg in first] == [50_000_000 * n for n in range(20)]
    assert [stamp_ns(msg) - begin_ns for msg in second] == [
        1_000_000_000 + n * 10**9 // 22_050 for n in (0, 1102, 2204)
    ]
    # It is delivered when its last sample would have been captured, not before.
    late_ns = [
        arrived - stamp_ns(msg) - len(msg.samples) // msg.channels * 10**9 // msg.sample_rate
        for msg, arrived in zip(chunks, arrivals_ns, strict=True)
    ]
    assert min(late_ns) >= 0
    assert sorted(late_ns)[len(late_ns) // 2] < stretched(0.1) * 1e9


def test_the_sample_in_a_loop_without_gaps(
    peer: Peer, start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    short = tmp_path / 'short.wav'
    soundfile.write(short, as_int16(read_sound(WORDS)[16_000:24_800]), 16_000)
    chunks = peer.collect(AudioChunk, 'audio')
    start_node('sound_source', parameters={'source': short, 'rate': 8000, 'chunk_s': 0.25})
    peer.until(lambda: len(chunks) >= 9)
    counts = [len(msg.samples) for msg in chunks[:9]]
    # 0.55 s: two chunks, and a short one, again and again.
    assert sorted(counts[:3]) == [400, 2000, 2000] and counts[:3] == counts[3:6] == counts[6:]
    ends_ns = [stamp_ns(msg) + len(msg.samples) * 125_000 for msg in chunks]
    assert [stamp_ns(msg) for msg in chunks[1:]] == ends_ns[:-1]
    assert {(msg.sample_rate, msg.channels, msg.header.frame_id) for msg in chunks} == {
        (8000, 1, 'microphone')
    }
    # Parameters change while it plays.
    assert peer.set_parameter('/sound_source', 'chunk_s', 0.05) == (True, '')
    peer.until(lambda: len(chunks[-1].samples) == 400)
    assert peer.set_parameter('/sound_source', 'chunk_s', 2.0)[0] is False


def test_what_cannot_be_played_is_a_sentence(
    start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    (tmp_path / 'empty.wav').touch()
    unusable = [
        (tmp_path / 'empty.wav', 'empty.wav is empty'),
        (tmp_path / 'none', 'No such file or directory'),
        ('microphone:none of this name', 'microphone'),
    ]
    nodes = [start_node('sound_source', parameters={'source': one}) for one, _ in unusable]
    for node, (_, reason) in zip(nodes, unusable, strict=True):
        assert node.process.wait(HANGS_S) == 2
        assert reason in node.log
        assert 'Traceback' not in node.log
