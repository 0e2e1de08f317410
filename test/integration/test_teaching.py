"""Teach a tagger on the robot: record, fine-tune, swap and roll back, in real processes."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import shutil
import signal
import time
from typing import Any

from nn_perception.core.imaging.image_files import read_image
from nn_perception.training.datasets.labelled_frames import read_samples
from nn_perception.training.fine_tuning.job import FineTuningJob, teach
from nn_perception.training.model_store.store import ModelStore
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import DatasetSummary, ModelVersion
from nn_perception_interfaces.srv import (
    ActivateModel,
    Capture,
    DeleteFrames,
    ListModels,
    Record,
)
import numpy as np
import pytest
from rclpy.action import ActionClient
from ros_graph import image_at, LATCHED, NodeProcess, Peer
from sensor_msgs.msg import Image
from vision_msgs.msg import Classification, LabelInfo, VisionInfo

StartNode = Callable[..., NodeProcess]

RECORDED = 40


class Teacher:
    """Talk to a ``fine_tuner`` as a user interface does."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        self._peer = peer
        self.parameters = {
            'data_folder': folder / 'datasets',
            'store_folder': folder / 'models',
            'dataset': 'workshop',
            'model_name': 'things',
        }
        self.store = ModelStore(folder / 'models')
        self.dataset = folder / 'datasets' / 'workshop'
        self.summaries = peer.collect(DatasetSummary, 'fine_tuner/dataset', LATCHED)
        self.active = peer.collect(ModelVersion, 'fine_tuner/active_model', LATCHED)
        self._goals = ActionClient(peer.node, FineTune, 'fine_tuner/fine_tune')

    def ask(self, kind: type, name: str, **fields: Any) -> Any:
        """Call one of the services."""
        return self._peer.call(kind, f'fine_tuner/{name}', kind.Request(**fields))

    def counts(self) -> dict[str, int]:
        """Give what the newest summary says."""
        newest = self.summaries[-1]
        return dict(zip(newest.labels, newest.counts, strict=True))

    def begin(self, feedback: list[Any], **goal: Any) -> Any:
        """Send a goal and return its handle once it is answered."""
        self._peer.until(self._goals.server_is_ready)
        asked = self._goals.send_goal_async(
            FineTune.Goal(**goal), lambda msg: feedback.append(msg.feedback.progress)
        )
        self._peer.until(asked.done)
        return asked.result()

    def teach(self, feedback: list[Any] | None = None, **goal: Any) -> Any:
        """Send a goal and return its result."""
        handle = self.begin([] if feedback is None else feedback, **goal)
        assert handle.accepted
        result = handle.get_result_async()
        self._peer.until(result.done, 120.0)
        return result.result().result


@pytest.fixture
def teacher(peer: Peer, tmp_path: Path) -> Teacher:
    return Teacher(peer, tmp_path)


def show(peer: Peer, start_node: StartNode, teacher: Teacher, folder: Path, label: str) -> None:
    """Let a camera show a folder of pictures, and record them under a label."""
    camera = start_node(
        'camera_source',
        parameters={'source': folder, 'rate': 20.0, 'wait_for_subscriber': True},
    )
    assert teacher.ask(Record, 'record', record=True, label=label).success
    peer.until(lambda: teacher.counts().get(label, 0) >= RECORDED)
    assert teacher.summaries[-1].recording_label == label
    assert teacher.ask(Record, 'record', record=False).success
    assert camera.end() == 0


def pictures(folder: Path, count: int) -> list[np.ndarray]:
    """Read the last pictures of a folder, which the camera had no time to show."""
    return [read_image(path) for path in sorted(folder.glob('*.jpg'))[-count:]]


class Tags:
    """Send pictures to a tagger and read its answers."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.results = peer.collect(Classification, 'tagger/tags')
        self.labels = peer.collect(LabelInfo, 'tagger/label_info', LATCHED)
        self.models = peer.collect(VisionInfo, 'tagger/vision_info', LATCHED)
        self.camera = peer.publisher(Image, 'image')
        self.ages_s: list[float] = []

    def best(self, image: np.ndarray) -> tuple[str, float]:
        """Give the best tag of a picture and its score."""
        count, began = len(self.results), time.monotonic()
        self.camera.publish(image_at(image, 1.0 + count))
        self._peer.until(lambda: len(self.results) > count)
        self.ages_s.append(time.monotonic() - began)
        best = self.results[-1].results[0]
        return best.class_id, best.score

    def known(self) -> list[str]:
        """Name the labels that the tagger tells."""
        return [entry.class_name for entry in self.labels[-1].class_map]


def test_from_frames_to_tags_and_back(
    peer: Peer, start_node: StartNode, teacher: Teacher, test_data: Path
) -> None:
    folders = {name: test_data / 'fewshot_trashnet' / name for name in ('cardboard', 'glass')}
    start_node('fine_tuner', parameters=teacher.parameters)
    start_node(
        'tagger',
        parameters={
            'model': 'store:things',
            'store_folder': teacher.parameters['store_folder'],
            'min_score': 0.0,
            'top_k': 1,
        },
    )
    tags = Tags(peer)
    # The first time both export their networks.
    peer.until(lambda: teacher.summaries and tags.labels and tags.models, 120.0)
    peer.matched(tags.camera, 2)
    # Nothing is taught yet: the usual model answers.
    assert len(tags.known()) == 1000
    first_database = tags.models[-1].database_version
    for label, folder in folders.items():
        show(peer, start_node, teacher, folder, label)
    feedback: list[Any] = []
    taught = teacher.teach(feedback)
    assert taught.success, taught.message
    assert taught.activated
    assert list(taught.validation.labels) == ['cardboard', 'glass']
    assert taught.validation.accuracy >= 0.8
    assert {'frames', 'head'} <= {progress.stage for progress in feedback}
    assert taught.version in {version.version for version in teacher.store.versions('things')}
    peer.until(lambda: tags.known() == ['cardboard', 'glass', 'unknown'])
    peer.until(lambda: tags.models[-1].database_version == first_database + 1)
    peer.until(lambda: teacher.active and teacher.active[-1].version == taught.version)
    # Pictures that were not shown get the new labels.
    answers = {name: [tags.best(p) for p in pictures(f, 10)] for name, f in folders.items()}
    right = sum(name == label for name, found in answers.items() for label, _ in found)
    assert right >= 14, answers
    # A third class, while the tagger goes on.
    plastic = test_data / 'fewshot_trashnet' / 'plastic'
    show(peer, start_node, teacher, plastic, 'plastic')
    handle = teacher.begin([])
    result = handle.get_result_async()
    tags.ages_s.clear()
    picture = pictures(folders['glass'], 1)[0]
    while not result.done() or 'plastic' not in tags.known():
        tags.best(picture)
        peer.spin(0.1)
    assert result.result().result.success, result.result().result.message
    # Every image had its answer, none waited for the training or the swap.
    assert max(tags.ages_s) < 1.0, tags.ages_s
    assert tags.known() == ['cardboard', 'glass', 'plastic', 'unknown']
    peer.until(lambda: tags.models[-1].database_version == first_database + 2)
    # Back to the version before, which answers as it did.
    assert teacher.ask(ActivateModel, 'activate_model', version=taught.version).success
    peer.until(lambda: tags.known() == ['cardboard', 'glass', 'unknown'])
    again = {name: [tags.best(p) for p in pictures(f, 10)] for name, f in folders.items()}
    assert again == answers
    models = teacher.ask(ListModels, 'list_models').models
    assert [model.active for model in models] == [True, False]
    assert [list(model.labels) for model in models] == [
        ['cardboard', 'glass'],
        ['cardboard', 'glass', 'plastic'],
    ]


def test_capture_delete_and_what_is_refused(
    peer: Peer, start_node: StartNode, teacher: Teacher
) -> None:
    camera = peer.publisher(Image, 'image')
    start_node('fine_tuner', parameters=teacher.parameters)
    peer.matched(camera)
    refused = teacher.ask(Capture, 'capture', label='mug')
    assert not refused.success
    assert 'no image in the last' in refused.message
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    for label in ('../../etc', '', ' ', 'a' * 300, 'a\nb', '.hidden', '/tmp/x'):
        refused = teacher.ask(Capture, 'capture', label=label)
        assert not refused.success, label
        assert 'cannot be the name of a label' in refused.message
        assert not teacher.ask(Record, 'record', record=True, label=label).success
    for _ in range(10):
        camera.publish(image_at(image, 7.5))
        peer.spin(0.3)
        kept = teacher.ask(Capture, 'capture', label='Tasse é')
        if kept.success:
            break
    assert kept.success, kept.message
    assert kept.total == 1
    (sample,) = read_samples(teacher.dataset).samples
    assert (sample.label, sample.stamp_ns, sample.topic) == ('Tasse é', 7_500_000_000, '/image')
    np.testing.assert_array_equal(read_image(sample.path), image)
    assert teacher.counts() == {'Tasse é': 1}
    assert not teacher.ask(Record, 'record', record=True, label='mug', rate=-1.0).success
    # One frame of one label teaches nothing, and that is said.
    hopeless = teacher.teach()
    assert not hopeless.success
    assert 'label' in hopeless.message
    assert not teacher.ask(DeleteFrames, 'delete_frames', label='mug').success
    deleted = teacher.ask(DeleteFrames, 'delete_frames', label='Tasse é', newest_only=True)
    assert (deleted.success, deleted.deleted) == (True, 1)
    assert teacher.counts() == {}
    assert not teacher.ask(ActivateModel, 'activate_model', version='none').success


def fill(teacher: Teacher, test_data: Path, labels: tuple[str, ...], count: int) -> None:
    """Put pictures into the data set before the node opens it."""
    for label in labels:
        (teacher.dataset / label).mkdir(parents=True)
        for path in sorted((test_data / 'fewshot_trashnet' / label).glob('*.jpg'))[:count]:
            shutil.copy(path, teacher.dataset / label)


def files_in(folder: Path) -> dict[str, int]:
    """List all files below a folder and their sizes."""
    return {str(p): p.stat().st_size for p in folder.rglob('*') if p.is_file()}


@pytest.mark.parametrize('how', ['cancel', 'kill'])
def test_a_training_that_ends_early_changes_nothing(
    peer: Peer, start_node: StartNode, teacher: Teacher, test_data: Path, how: str
) -> None:
    fill(teacher, test_data, ('glass', 'metal'), 20)
    node = start_node('fine_tuner', parameters=teacher.parameters)
    peer.until(lambda: teacher.summaries)
    assert teacher.teach().success
    before = files_in(teacher.store.root), files_in(teacher.dataset)
    active = teacher.store.active_name('things')
    feedback: list[Any] = []
    handle = teacher.begin(feedback, unfreeze='all', max_epochs=100)
    peer.until(lambda: any(progress.epoch for progress in feedback))
    (child,) = (
        Path(f'/proc/{node.process.pid}/task/{node.process.pid}/children').read_text().split()
    )
    began = time.monotonic()
    if how == 'cancel':
        handle.cancel_goal_async()
    else:
        signal.pidfd_send_signal(os.pidfd_open(int(child)), signal.SIGKILL)
    result = handle.get_result_async()
    peer.until(result.done)
    assert time.monotonic() - began < 1.0
    said = result.result().result.message
    assert ('cancelled' if how == 'cancel' else 'ended with status -9') in said
    assert not Path(f'/proc/{child}').exists()
    assert (files_in(teacher.store.root), files_in(teacher.dataset)) == before
    assert teacher.store.active_name('things') == active
    # The next one is taught as if nothing had been.
    assert teacher.teach().success


def test_one_lesson_at_a_time(
    peer: Peer, start_node: StartNode, teacher: Teacher, test_data: Path
) -> None:
    fill(teacher, test_data, ('glass', 'metal'), 20)
    start_node('fine_tuner', parameters=teacher.parameters)
    peer.until(lambda: teacher.summaries)
    first = teacher.begin([])
    assert first.accepted
    assert not teacher.begin([]).accepted
    result = first.get_result_async()
    peer.until(result.done, 60.0)
    assert result.result().result.success


def test_the_quota_is_told_and_harms_nothing(
    peer: Peer, start_node: StartNode, teacher: Teacher
) -> None:
    camera = peer.publisher(Image, 'image')
    start_node('fine_tuner', parameters={**teacher.parameters, 'quota_mb': 1})
    reports = peer.diagnostics('/fine_tuner')
    peer.matched(camera)
    random = np.random.default_rng(0)
    assert teacher.ask(Record, 'record', record=True, label='noise').success
    for number in range(12):
        image = random.integers(0, 256, (300, 400, 3), np.uint8)
        camera.publish(image_at(image, 1.0 + number))
        peer.spin(0.1)
    peer.until(lambda: any('recording ended' in report['message'] for report in reports))
    assert any('is full' in report['message'] for report in reports)
    listing = read_samples(teacher.dataset)
    assert 1 <= len(listing.samples) <= 3
    assert listing.problems == ()
    refused = teacher.ask(Capture, 'capture', label='noise')
    assert not refused.success
    assert 'is full' in refused.message


def test_a_second_node_on_the_same_data_says_why_it_cannot(
    start_node: StartNode, peer: Peer, teacher: Teacher
) -> None:
    start_node('fine_tuner', parameters=teacher.parameters)
    peer.until(lambda: teacher.summaries)
    start_node('fine_tuner', parameters=teacher.parameters, ros_args=('-r', '__ns:=/other'))
    reports = peer.diagnostics('/other/fine_tuner')
    peer.until(lambda: reports and reports[-1]['level'] == '2')
    assert str(teacher.dataset) in reports[-1]['message']


def test_a_node_that_is_killed_while_it_records_loses_nothing(
    peer: Peer, start_node: StartNode, teacher: Teacher
) -> None:
    camera = peer.publisher(Image, 'image')
    node = start_node('fine_tuner', parameters=teacher.parameters)
    peer.matched(camera)
    assert teacher.ask(Record, 'record', record=True, label='noise').success
    random = np.random.default_rng(0)
    told = 0
    while told < 10:
        image = random.integers(0, 256, (240, 320, 3), np.uint8)
        camera.publish(image_at(image, 1.0 + time.monotonic()))
        peer.spin(0.02)
        told = teacher.counts().get('noise', 0)
    node.send(signal.SIGKILL)
    node.process.wait()
    # What half a frame leaves behind.
    (teacher.dataset / 'noise' / '.5_5.png.abcdefgh').write_bytes(b'half')
    with (teacher.dataset / 'manifest.jsonl').open('a') as manifest:
        manifest.write('{"file": "noi')
    teacher.summaries.clear()
    again = start_node('fine_tuner', parameters=teacher.parameters)
    peer.until(lambda: teacher.summaries)
    assert teacher.counts()['noise'] >= told
    listing = read_samples(teacher.dataset)
    assert listing.problems == ()
    for sample in listing.samples:
        assert read_image(sample.path).shape == (240, 320, 3)
    assert 'was half-written and is removed' in again.log
    assert 'has damaged lines: 1' in again.log


def test_a_tagger_that_is_killed_while_it_swaps_goes_on_with_the_active_version(
    peer: Peer, start_node: StartNode, teacher: Teacher, test_data: Path
) -> None:
    fill(teacher, test_data, ('glass', 'metal'), 12)
    first = teach(FineTuningJob(teacher.dataset, teacher.store.root, 'things')).version
    shutil.copytree(test_data / 'fewshot_trashnet' / 'paper', teacher.dataset / 'paper')
    second = teach(
        FineTuningJob(teacher.dataset, teacher.store.root, 'things', activate=True)
    ).version
    parameters = {'model': 'store:things', 'store_folder': teacher.store.root, 'min_score': 0.0}
    tags = Tags(peer)
    for version in (first, second):
        tags.labels.clear()
        tagger = start_node('tagger', parameters=parameters)
        peer.until(lambda: tags.labels)
        teacher.store.activate('things', version.version)
        peer.spin(0.7)
        tagger.send(signal.SIGKILL)
        tagger.process.wait()
        assert teacher.store.active_name('things') == version.version
    tags.labels.clear()
    start_node('tagger', parameters=parameters)
    peer.until(lambda: tags.labels and tags.known() == [*second.labels, 'unknown'])
