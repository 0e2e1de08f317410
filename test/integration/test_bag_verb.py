"""``nn_perception bag`` on camera recordings, read back without rosbags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import hashlib
import json
import os
from pathlib import Path
import random
import signal
import sqlite3
import subprocess
import sys
import time
from typing import Any

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from nn_perception_interfaces.msg import HumanPoseArray
from patience import HANGS_S
import pytest
from rclpy.serialization import deserialize_message
from ros_graph import NodeProcess, Peer
from sensor_msgs.msg import Image
from std_msgs.msg import String
from vision_msgs.msg import Classification, Detection2DArray

KINDS = {
    '/tagger/tags': Classification,
    '/digit_reader/digits': Detection2DArray,
    '/digit_reader/text': String,
    '/pose_estimator/poses': HumanPoseArray,
}
Rows = dict[str, list[tuple[int, Any]]]


def command(*words: object) -> list[str]:
    return [sys.executable, '-m', 'nn_perception.cli', 'bag', *map(str, words)]


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=HANGS_S)


def read_sqlite3(folder: Path) -> Rows:
    """Read times and messages of each topic with the message classes of ROS."""
    (path,) = folder.glob('*.db3')
    rows: Rows = {}
    with sqlite3.connect(path) as connection:
        for topic, recorded_ns, content in connection.execute(
            'SELECT name, timestamp, data FROM messages JOIN topics ON topics.id = topic_id '
            'ORDER BY timestamp, messages.id'
        ):
            kind = {**KINDS, '/camera/image_raw': Image}[topic]
            message = deserialize_message(content, kind)
            rows.setdefault(topic, []).append((recorded_ns, message))
    return rows


def read_mcap(folder: Path) -> Rows:
    """Read times and messages of each topic with the definitions in the file."""
    (path,) = folder.glob('*.mcap')
    rows: Rows = {}
    with path.open('rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for _, channel, message, decoded in reader.iter_decoded_messages():
            rows.setdefault(channel.topic, []).append((message.log_time, decoded))
    return rows


def stamps(rows: list[tuple[int, Any]]) -> list[tuple[int, int, int, str]]:
    return [(ns, m.header.stamp.sec, m.header.stamp.nanosec, m.header.frame_id) for ns, m in rows]


def check(rows: Rows, images: str, count: int) -> None:
    assert {topic: len(found) for topic, found in rows.items()} == dict.fromkeys(
        [images, *KINDS], count
    )
    for topic in KINDS:
        if topic == '/digit_reader/text':
            assert [ns for ns, _ in rows[topic]] == [ns for ns, _ in rows[images]]
        else:
            assert stamps(rows[topic]) == stamps(rows[images])


def contents(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


@pytest.fixture(scope='module')
def gesture(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotate the sqlite3 bag of raw images without an interruption."""
    output = tmp_path_factory.mktemp('gesture') / 'made'
    done = run(test_data / 'bags' / 'gesture_raw_sqlite3', output)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout == f'{output}\n' + ''.join(f'  29 on {topic}\n' for topic in KINDS)
    return output


def test_raw_images_in_sqlite3(gesture: Path) -> None:
    rows = read_sqlite3(gesture)
    check(rows, '/camera/image_raw', 29)
    # The same person in all images, from the waist up.
    people = [message.poses for _, message in rows['/pose_estimator/poses']]
    assert sum(len(poses) == 1 for poses in people) >= 25
    assert len({pose.id for poses in people for pose in poses}) == 1
    assert all(len(pose.keypoints) == 17 for poses in people for pose in poses)
    tags = [message.results for _, message in rows['/tagger/tags']]
    assert all(result.score >= 0.05 for results in tags for result in results)


@pytest.fixture(scope='module')
def person(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotate the MCAP bag of compressed images without an interruption."""
    output = tmp_path_factory.mktemp('person') / 'made'
    done = run(test_data / 'bags' / 'person_compressed_mcap', output, '--json')
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary['images'], summary['refused']) == (100, 0)
    assert summary['outputs'] == dict.fromkeys(KINDS, 100)
    return output


def test_compressed_images_in_mcap(test_data: Path, person: Path) -> None:
    given = test_data / 'bags' / 'person_compressed_mcap'
    rows = read_mcap(person)
    check(rows, '/camera/image_raw/compressed', 100)
    before = read_mcap(given)['/camera/image_raw/compressed']
    after = rows['/camera/image_raw/compressed']
    assert [(ns, m.format, m.data) for ns, m in before] == [
        (ns, m.format, m.data) for ns, m in after
    ]
    people = [len(message.poses) for _, message in rows['/pose_estimator/poses']]
    assert 10 < sum(count > 0 for count in people) < 100


@pytest.mark.long
def test_it_resumes_after_an_interruption(test_data: Path, tmp_path: Path, person: Path) -> None:
    given, output = test_data / 'bags' / 'person_compressed_mcap', tmp_path / 'made'
    findings = tmp_path / 'made.unfinished' / 'findings'
    counts = []
    for number in (signal.SIGKILL, signal.SIGINT):
        # At the lowest priority, so that it is not done before this process sees its progress.
        process = subprocess.Popen(
            ['nice', '-n', '19', *command(given, output)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        target = (counts[-1] if counts else 1) + 3
        while process.poll() is None and lines(findings) < target:
            time.sleep(0.002)
        time.sleep(random.random() * 0.02)
        process.send_signal(number)
        _, error = process.communicate(timeout=HANGS_S)
        if number == signal.SIGINT:
            assert process.returncode == 130
            assert b'run the same command again to resume' in error
            assert b'Traceback' not in error
        assert not output.exists()
        counts.append(lines(findings))
    assert counts == sorted(set(counts))
    assert run(given, output).returncode == 0
    assert contents(output) == contents(person)
    assert os.listdir(tmp_path) == ['made']


def lines(path: Path) -> int:
    return path.read_bytes().count(b'\n') if path.exists() else 0


def test_images_that_cannot_be_used(tmp_path: Path, test_data: Path) -> None:
    from rosbags.rosbag2 import Reader, Writer
    from rosbags.typesys import get_typestore, Stores

    types = get_typestore(Stores.ROS2_JAZZY)
    given = tmp_path / 'given'
    with (
        Reader(test_data / 'bags' / 'gesture_raw_sqlite3') as reader,
        Writer(given, version=9) as writer,
    ):
        connection = writer.add_connection(
            '/camera/image_raw', 'sensor_msgs/msg/Image', typestore=types
        )
        for number, (_, recorded_ns, content) in enumerate(reader.messages()):
            if number < 4:
                writer.write(connection, recorded_ns, content if number != 1 else content[:-5000])
    done = run(given, tmp_path / 'made', '--tags')
    assert done.returncode == 1
    assert done.stderr.startswith('nn_perception bag: skipped 1 of 4 images; the reason for 1: ')
    assert done.stderr.count('\n') == 1
    rows = read_sqlite3_tags(tmp_path / 'made')
    assert rows == [ns for i, ns in enumerate(times(given)) if i != 1]


def times(folder: Path) -> list[int]:
    with sqlite3.connect(folder / f'{folder.name}.db3') as connection:
        return [row[0] for row in connection.execute('SELECT timestamp FROM messages')]


def read_sqlite3_tags(folder: Path) -> list[int]:
    with sqlite3.connect(folder / f'{folder.name}.db3') as connection:
        query = (
            'SELECT timestamp FROM messages JOIN topics ON topics.id = topic_id '
            "WHERE name = '/tagger/tags'"
        )
        return [row[0] for row in connection.execute(query)]


@pytest.fixture
def nodes(start_node: Callable[..., NodeProcess]) -> Iterator[None]:
    for name in ('tagger', 'digit_reader', 'pose_estimator'):
        start_node(name, ros_args=['-r', 'image:=/camera/image_raw'])
    yield


@pytest.mark.usefixtures('nodes')
def test_results_are_those_of_the_nodes(gesture: Path, peer: Peer) -> None:
    rows = read_sqlite3(gesture)
    found = {topic: peer.collect(kind, topic) for topic, kind in KINDS.items()}
    publisher = peer.publisher(Image, '/camera/image_raw')
    peer.matched(publisher, 3)
    for number in range(12):
        publisher.publish(rows['/camera/image_raw'][number][1])
        # One after the other, so that no node drops any.
        peer.until(lambda: all(len(got) == number + 1 for got in found.values()))  # noqa: B023
    for topic, got in found.items():
        assert got == [message for _, message in rows[topic][:12]], topic
    assert any(message.poses for message in found['/pose_estimator/poses'])
