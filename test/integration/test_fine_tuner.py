"""Record, fine-tune, swap and roll back on a robot, in real processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
from pathlib import Path
import shutil
import signal
import time
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from nn_perception.core.imaging.image_files import read_image
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.fine_tuning.job import FineTuningJob
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
from patience import stretched
import pytest
from rclpy.action import ActionClient
from ros_graph import image_at, LATCHED, NodeProcess, Peer
from sensor_msgs.msg import Image
from vision_msgs.msg import Classification, LabelInfo, VisionInfo

StartNode = Callable[..., NodeProcess]

RECORDED = 20


class Client:
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
        """Return the counts of the newest summary."""
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

    def fine_tune(self, feedback: list[Any] | None = None, **goal: Any) -> Any:
        """Send a goal and return its result."""
        handle = self.begin([] if feedback is None else feedback, **goal)
        assert handle.accepted
        result = handle.get_result_async()
        self._peer.until(result.done)
        return result.result().result


@pytest.fixture
def client(peer: Peer, tmp_path: Path) -> Client:
    return Client(peer, tmp_path)


def show(peer: Peer, start_node: StartNode, client: Client, folder: Path, label: str) -> None:
    """Play a folder of pictures as a camera, and record them under a label."""
    camera = start_node(
        'camera_source',
        parameters={'source': folder, 'rate': 20.0, 'wait_for_subscriber': True},
    )
    assert client.ask(Record, 'record', record=True, label=label).success
    peer.until(lambda: client.counts().get(label, 0) >= RECORDED)
    assert client.summaries[-1].recording_label == label
    assert client.ask(Record, 'record', record=False).success
    assert camera.end() == 0


def pictures(folder: Path, count: int) -> list[np.ndarray]:
    """Read the last pictures of a folder, which the camera had no time to play."""
    return [read_image(path) for path in sorted(folder.glob('*.jpg'))[-count:]]


class Tags:
    """Send pictures to a tagger, and receive its tags."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.results = peer.collect(Classification, 'tagger/tags')
        self.labels = peer.collect(LabelInfo, 'tagger/label_info', LATCHED)
        self.models = peer.collect(VisionInfo, 'tagger/vision_info', LATCHED)
        self.camera = peer.publisher(Image, 'image')
        self.ages_s: list[float] = []

    def best(self, image: np.ndarray) -> tuple[str, float]:
        """Return the best tag of a picture and its score."""
        count, began = len(self.results), time.monotonic()
        self.camera.publish(image_at(image, 1.0 + count))
        self._peer.until(lambda: len(self.results) > count)
        self.ages_s.append(time.monotonic() - began)
        best = self.results[-1].results[0]
        return best.class_id, best.score

    def known_labels(self) -> list[str]:
        """Return the labels that the tagger publishes."""
        return [entry.class_name for entry in self.labels[-1].class_map]


def test_record_fine_tune_swap_and_roll_back(
    peer: Peer, start_node: StartNode, client: Client, test_data: Path
) -> None:
    folders = {name: test_data / 'fewshot_trashnet' / name for name in ('cardboard', 'glass')}
    start_node('fine_tuner', parameters=client.parameters)
    start_node(
        'tagger',
        parameters={
            'model': 'store:things',
            'store_folder': client.parameters['store_folder'],
            'min_score': 0.0,
            'top_k': 1,
        },
    )
    tags = Tags(peer)
    # At the first start both nodes export their networks.
    peer.until(lambda: client.summaries and tags.labels and tags.models)
    peer.matched(tags.camera, 2)
    # Without a fine-tuned model the default one runs.
    assert len(tags.known_labels()) == 1000
    first_database = tags.models[-1].database_version
    for label, folder in folders.items():
        show(peer, start_node, client, folder, label)
    feedback: list[Any] = []
    tuned = client.fine_tune(feedback)
    assert tuned.success, tuned.message
    assert tuned.activated
    assert list(tuned.validation.labels) == ['cardboard', 'glass']
    assert tuned.validation.accuracy >= 0.8
    assert {'frames', 'head'} <= {progress.stage for progress in feedback}
    assert tuned.version in {version.version for version in client.store.versions('things')}
    peer.until(lambda: tags.known_labels() == ['cardboard', 'glass', 'unknown'])
    peer.until(lambda: tags.models[-1].database_version == first_database + 1)
    peer.until(lambda: client.active and client.active[-1].version == tuned.version)
    # Pictures that were not recorded get the new labels.
    answers = {name: [tags.best(p) for p in pictures(f, 10)] for name, f in folders.items()}
    right = sum(name == label for name, found in answers.items() for label, _ in found)
    assert right >= 14, answers
    # A third class, while the tagger runs.
    plastic = test_data / 'fewshot_trashnet' / 'plastic'
    show(peer, start_node, client, plastic, 'plastic')
    handle = client.begin([])
    result = handle.get_result_async()
    tags.ages_s.clear()
    picture = pictures(folders['glass'], 1)[0]
    while not result.done() or 'plastic' not in tags.known_labels():
        tags.best(picture)
        peer.spin(0.1)
    assert result.result().result.success, result.result().result.message
    # Every image had its result; none waited for the training or the swap.
    assert max(tags.ages_s) < stretched(1.0), tags.ages_s
    assert tags.known_labels() == ['cardboard', 'glass', 'plastic', 'unknown']
    peer.until(lambda: tags.models[-1].database_version == first_database + 2)
    # The previous version gives the same results as before.
    assert client.ask(ActivateModel, 'activate_model', version=tuned.version).success
    peer.until(lambda: tags.known_labels() == ['cardboard', 'glass', 'unknown'])
    again = {name: [tags.best(p) for p in pictures(f, 10)] for name, f in folders.items()}
    assert again == answers
    models = client.ask(ListModels, 'list_models').models
    # Newest first.
    assert [model.active for model in models] == [False, True]
    assert [list(model.labels) for model in models] == [
        ['cardboard', 'glass', 'plastic'],
        ['cardboard', 'glass'],
    ]


def test_capture_and_delete(peer: Peer, start_node: StartNode, client: Client) -> None:
    camera = peer.publisher(Image, 'image')
    start_node('fine_tuner', parameters=client.parameters)
    peer.matched(camera)
    rejected = client.ask(Capture, 'capture', label='mug')
    assert not rejected.success
    assert 'no image in the last' in rejected.message
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    for label in ('../../etc', '', ' ', 'a' * 300, 'a\nb', '.hidden', '/tmp/x'):
        rejected = client.ask(Capture, 'capture', label=label)
        assert not rejected.success, label
        assert 'cannot be the name of a label' in rejected.message
        assert not client.ask(Record, 'record', record=True, label=label).success
    for _ in range(10):
        camera.publish(image_at(image, 7.5))
        peer.spin(0.3)
        kept = client.ask(Capture, 'capture', label='Tasse é')
        if kept.success:
            break
    assert kept.success, kept.message
    assert kept.total == 1
    (frame,) = read_frames(client.dataset).frames
    assert (frame.label, frame.stamp_ns, frame.topic) == ('Tasse é', 7_500_000_000, '/image')
    np.testing.assert_array_equal(read_image(frame.path), image)
    assert client.counts() == {'Tasse é': 1}
    assert not client.ask(Record, 'record', record=True, label='mug', rate=-1.0).success
    # One frame of one label is not enough.
    result = client.fine_tune()
    assert not result.success
    assert 'label' in result.message
    assert not client.ask(DeleteFrames, 'delete_frames', label='mug').success
    deleted = client.ask(DeleteFrames, 'delete_frames', label='Tasse é', newest_only=True)
    assert (deleted.success, deleted.deleted) == (True, 1)
    assert client.counts() == {}
    assert not client.ask(ActivateModel, 'activate_model', version='none').success


def fill(client: Client, test_data: Path, labels: tuple[str, ...], count: int) -> None:
    """Put pictures into the dataset before the node opens it."""
    for label in labels:
        (client.dataset / label).mkdir(parents=True)
        for path in sorted((test_data / 'fewshot_trashnet' / label).glob('*.jpg'))[:count]:
            shutil.copy(path, client.dataset / label)


def files_in(folder: Path) -> dict[str, int]:
    """List all files below a folder and their sizes."""
    return {str(p): p.stat().st_size for p in folder.rglob('*') if p.is_file()}


@pytest.mark.parametrize('how', ['cancel', pytest.param('kill', marks=pytest.mark.long)])
def test_a_cancelled_or_killed_job_changes_nothing(
    peer: Peer, start_node: StartNode, client: Client, test_data: Path, how: str
) -> None:
    fill(client, test_data, ('glass', 'metal'), 8)
    FineTuningJob(client.dataset, client.store.root, 'things', base='digit_cnn').run()
    node = start_node('fine_tuner', parameters={**client.parameters, 'base': 'digit_cnn'})
    peer.until(lambda: client.summaries)
    before = files_in(client.store.root), files_in(client.dataset)
    active = client.store.active_name('things')
    feedback: list[Any] = []
    handle = client.begin(feedback, unfreeze='all', max_epochs=1000)
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
    assert time.monotonic() - began < stretched(1.0)
    message = result.result().result.message
    assert ('cancelled' if how == 'cancel' else 'ended with status -9') in message
    assert not Path(f'/proc/{child}').exists()
    assert (files_in(client.store.root), files_in(client.dataset)) == before
    assert client.store.active_name('things') == active
    # The next job runs as usual.
    assert client.fine_tune().success


def test_one_job_at_a_time(
    peer: Peer, start_node: StartNode, client: Client, test_data: Path
) -> None:
    fill(client, test_data, ('glass', 'metal'), 20)
    start_node('fine_tuner', parameters=client.parameters)
    peer.until(lambda: client.summaries)
    first = client.begin([])
    assert first.accepted
    assert not client.begin([]).accepted
    result = first.get_result_async()
    peer.until(result.done)
    assert result.result().result.success


def test_old_versions_are_deleted_and_what_is_left_out_is_named(
    peer: Peer, start_node: StartNode, client: Client, test_data: Path
) -> None:
    fill(client, test_data, ('glass', 'metal'), 6)
    (client.dataset / 'glass' / 'photo.heic').write_bytes(b'picture')
    start_node('fine_tuner', parameters={**client.parameters, 'store_limit': 2})
    peer.until(lambda: client.summaries)
    results = [client.fine_tune(activate=True) for _ in range(3)]
    for result in results:
        assert result.success, result.message
        assert 'glass/photo.heic is left out: HEIC' in result.message
    models = client.ask(ListModels, 'list_models').models
    assert [model.version for model in models] == [results[2].version, results[1].version]
    for label in ('Glass', 'unknown', 'CON', '-rf'):
        assert not client.ask(Record, 'record', record=True, label=label).success, label
        assert client.summaries[-1].recording_label == ''


def test_a_full_quota_is_reported_and_loses_nothing(
    peer: Peer, start_node: StartNode, client: Client
) -> None:
    camera = peer.publisher(Image, 'image')
    start_node('fine_tuner', parameters={**client.parameters, 'quota_mb': 1})
    reports = peer.diagnostics('/fine_tuner')
    peer.matched(camera)
    random = np.random.default_rng(0)
    assert client.ask(Record, 'record', record=True, label='noise').success
    for number in range(12):
        image = random.integers(0, 256, (300, 400, 3), np.uint8)
        camera.publish(image_at(image, 1.0 + number))
        peer.spin(0.1)
    peer.until(lambda: any('recording ended' in report['message'] for report in reports))
    assert any('is full' in report['message'] for report in reports)
    listing = read_frames(client.dataset)
    assert 1 <= len(listing.frames) <= 3
    assert listing.problems == ()

    def rejection() -> str:
        camera.publish(image_at(image, 20.0))
        peer.spin(0.1)
        rejected = client.ask(Capture, 'capture', label='noise')
        assert not rejected.success
        return str(rejected.message)

    # The image may be too old where the machine is busy.
    peer.until(lambda: 'is full' in rejection())


def test_a_second_node_on_the_same_dataset(
    start_node: StartNode, peer: Peer, client: Client
) -> None:
    start_node('fine_tuner', parameters=client.parameters)
    peer.until(lambda: client.summaries)
    start_node('fine_tuner', parameters=client.parameters, ros_args=('-r', '__ns:=/other'))
    reports = peer.diagnostics('/other/fine_tuner')
    peer.until(lambda: reports and reports[-1]['level'] == '2')
    assert str(client.dataset) in reports[-1]['message']


def test_a_node_that_is_killed_while_it_records(
    peer: Peer, start_node: StartNode, client: Client
) -> None:
    camera = peer.publisher(Image, 'image')
    node = start_node('fine_tuner', parameters=client.parameters)
    peer.matched(camera)
    assert client.ask(Record, 'record', record=True, label='noise').success
    random = np.random.default_rng(0)
    reported = 0
    while reported < 10:
        image = random.integers(0, 256, (240, 320, 3), np.uint8)
        camera.publish(image_at(image, 1.0 + time.monotonic()))
        peer.spin(0.02)
        reported = client.counts().get('noise', 0)
    node.send(signal.SIGKILL)
    node.process.wait()
    # Left behind by a frame that is only partly written.
    (client.dataset / 'noise' / '.5_5.png.abcdefgh').write_bytes(b'half')
    with (client.dataset / 'manifest.jsonl').open('a') as manifest:
        manifest.write('{"file": "noi')
    client.summaries.clear()
    again = start_node('fine_tuner', parameters=client.parameters)
    peer.until(lambda: client.summaries)
    assert client.counts()['noise'] >= reported
    listing = read_frames(client.dataset)
    assert listing.problems == ()
    for frame in listing.frames:
        assert read_image(frame.path).shape == (240, 320, 3)
    assert 'which was only partly written' in again.log
    assert 'has damaged lines: 1' in again.log


def test_a_tagger_that_is_killed_while_it_swaps(
    peer: Peer, start_node: StartNode, client: Client, test_data: Path
) -> None:
    fill(client, test_data, ('glass', 'metal'), 12)
    first = FineTuningJob(client.dataset, client.store.root, 'things').run()
    shutil.copytree(test_data / 'fewshot_trashnet' / 'paper', client.dataset / 'paper')
    second = FineTuningJob(client.dataset, client.store.root, 'things', activate=True).run()
    parameters = {'model': 'store:things', 'store_folder': client.store.root, 'min_score': 0.0}
    tags = Tags(peer)
    for version in (first, second):
        tags.labels.clear()
        tagger = start_node('tagger', parameters=parameters)
        peer.until(lambda: tags.labels)
        client.store.activate('things', version.version)
        peer.spin(0.7)
        tagger.send(signal.SIGKILL)
        tagger.process.wait()
        assert client.store.active_name('things') == version.version
    tags.labels.clear()
    start_node('tagger', parameters=parameters)
    peer.until(lambda: tags.labels and tags.known_labels() == [*second.labels, 'unknown'])


SLOW_S = 2.0
SLOW_NETWORK = f"""
import time
from nn_perception.training.datasets.embeddings import Embedder
features = Embedder.features
def slow(self, image):
    time.sleep({SLOW_S})
    return features(self, image)
Embedder.features = slow
"""


@pytest.fixture
def slow(tmp_path: Path) -> dict[str, str]:
    """The environment of a node whose embeddings take two seconds each."""
    (tmp_path / 'slow').mkdir()
    (tmp_path / 'slow' / 'sitecustomize.py').write_text(SLOW_NETWORK)
    paths = [str(tmp_path / 'slow'), os.environ.get('PYTHONPATH', '')]
    return {'PYTHONPATH': os.pathsep.join(filter(None, paths))}


def start_captures(peer: Peer, client: Client, labels: Sequence[str]) -> list[Any]:
    """Send an image and then one request for each label; return the futures."""
    camera = peer.publisher(Image, 'image')
    peer.matched(camera)
    service = peer.node.create_client(Capture, 'fine_tuner/capture')
    peer.until(service.service_is_ready)
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    for _ in range(20):
        camera.publish(image_at(image, 1.0))
        peer.spin(0.3)
        first = service.call_async(Capture.Request(label=labels[0]))
        peer.spin(0.7 * SLOW_S)
        if not first.done():  # else there was no image yet
            break
    camera.publish(image_at(image, 2.0))
    peer.spin(0.1)
    captures = [first]
    for label in labels[1:]:
        captures.append(service.call_async(Capture.Request(label=label)))
        peer.spin(0.01)  # the middleware queues only ten requests
    return captures


def test_services_respond_at_once_during_a_capture(
    peer: Peer, start_node: StartNode, client: Client, slow: dict[str, str]
) -> None:
    start_node('fine_tuner', parameters=client.parameters, environment=slow)
    # Clients that are known already, so that no time is spent on discovery.
    client.ask(ListModels, 'list_models')
    client.ask(DeleteFrames, 'delete_frames', label='none')
    client.ask(Record, 'record', record=False)
    peer.get_parameter('fine_tuner', 'quota_mb')
    captures = start_captures(peer, client, ['mug', 'mug', 'cup'])
    peer.until(lambda: client.dataset.joinpath('cup').is_dir())  # all three are stored
    assert client.ask(ListModels, 'list_models').models == []
    assert not client.ask(DeleteFrames, 'delete_frames', label='none').success
    assert client.ask(Record, 'record', record=False).success
    assert peer.get_parameter('fine_tuner', 'quota_mb').integer_value == 2000
    assert not captures[-1].done()
    peer.until(lambda: all(capture.done() for capture in captures))
    results = [capture.result() for capture in captures]
    assert [result.message for result in results] == [
        'mug: 1 frames',
        'mug: 2 frames',
        'cup: 1 frames',
    ]
    # The order of the requests is the order of the frames.
    assert [frame.label for frame in read_frames(client.dataset).frames] == ['mug', 'mug', 'cup']
    assert client.counts() == {'cup': 1, 'mug': 2}


def change_state(peer: Peer, transition: int) -> None:
    request = ChangeState.Request(transition=Transition(id=transition))
    assert peer.call(ChangeState, 'fine_tuner/change_state', request).success


@pytest.mark.parametrize('how', ['cleanup', 'end'])
def test_a_capture_survives_the_end_of_the_node(
    peer: Peer, start_node: StartNode, client: Client, slow: dict[str, str], how: str
) -> None:
    node = start_node('fine_tuner', parameters=client.parameters, environment=slow)
    captures = start_captures(peer, client, ['mug', 'cup'])
    # A request that has not arrived when the node ends gets no answer; their networks still run.
    peer.until(lambda: all(client.dataset.joinpath(label).is_dir() for label in ('mug', 'cup')))
    if how == 'end':
        node.send(signal.SIGINT)
    else:
        change_state(peer, Transition.TRANSITION_DEACTIVATE)
        change_state(peer, Transition.TRANSITION_CLEANUP)
    peer.until(lambda: all(capture.done() for capture in captures))
    assert [capture.result().success for capture in captures] == [True, True]
    assert [frame.label for frame in read_frames(client.dataset).frames] == ['mug', 'cup']
    if how == 'cleanup':
        rejected = client.ask(Capture, 'capture', label='mug')
        assert (rejected.success, rejected.message) == (False, 'the node is not configured')
    assert node.end() == 0
    assert 'Traceback' not in node.log
