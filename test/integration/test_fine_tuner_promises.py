"""What ``fine_tuner`` has confirmed holds, whatever happens at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
from dataclasses import dataclass
import itertools
from pathlib import Path
import random
import resource
import signal
import time
from typing import Any
import uuid

from action_msgs.msg import GoalInfo, GoalStatus
from action_msgs.srv import CancelGoal
import cv2
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from nn_perception.core.imaging.image_files import read_image
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.model_store.store import ModelStore
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import DatasetSummary
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
from unique_identifier_msgs.msg import UUID

StartNode = Callable[..., NodeProcess]

GOAL = 'fine_tuner/fine_tune'


@dataclass
class Tuner:
    """A ``fine_tuner`` whose jobs take about two seconds, and who talks to it."""

    peer: Peer
    start: StartNode
    folder: Path

    def __post_init__(self) -> None:
        self.parameters = {
            'data_folder': self.folder / 'datasets',
            'store_folder': self.folder / 'models',
            'dataset': 'workshop',
            'model_name': 'things',
            'base': 'digit_cnn',
            'quota_mb': 0,
            'store_limit': 0,
        }
        self.dataset = self.folder / 'datasets' / 'workshop'
        self.summaries = self.peer.collect(DatasetSummary, 'fine_tuner/dataset', LATCHED)
        self.goals = ActionClient(self.peer.node, FineTune, GOAL)
        self.cancels = self.peer.node.create_client(CancelGoal, f'{GOAL}/_action/cancel_goal')
        self.camera = self.peer.publisher(Image, 'image')

    def run(self, **options: Any) -> NodeProcess:
        """Start the node, and wait until it can be used."""
        self.summaries.clear()
        node = self.start('fine_tuner', parameters=self.parameters, **options)
        self.peer.until(lambda: self.summaries)
        self.peer.until(lambda: self.goals.server_is_ready() and self.cancels.service_is_ready())
        self.peer.matched(self.camera)
        return node

    def fill(self, labels: tuple[str, ...] = ('bright', 'dark'), count: int = 8) -> None:
        """Put frames that are easy to tell apart into the dataset."""
        for number, label in enumerate(labels):
            (self.dataset / label).mkdir(parents=True)
            for index in range(count):
                image = picture(index, low=60 * number)
                cv2.imwrite(str(self.dataset / label / f'{index}.png'), image)

    def versions(self) -> list[Path]:
        return sorted((self.folder / 'models' / 'things').glob('2*'))

    def ask(self, kind: type, name: str, **fields: Any) -> Any:
        return self.peer.call(kind, f'fine_tuner/{name}', kind.Request(**fields))

    def show(self, image: np.ndarray, seconds: float = 1.0) -> None:
        self.camera.publish(image_at(image, seconds))

    def capture(self, label: str, image: np.ndarray) -> Any:
        """Show an image until it can be captured, or another problem than its absence occurs."""
        for _ in range(50):
            self.show(image)
            self.peer.spin(0.05)
            response = self.ask(Capture, 'capture', label=label)
            if response.success or 'no image in the last' not in response.message:
                return response
        raise AssertionError(response.message)

    def recording_label(self) -> str:
        return str(self.summaries[-1].recording_label)

    def result_of(self, handle: Any) -> tuple[int, FineTune.Result]:
        result = handle.get_result_async()
        self.peer.until(result.done)
        return result.result().status, result.result().result


def picture(seed: int, size: int = 32, low: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, low + 100, (size, size, 3), np.uint8)


@pytest.fixture
def tuner(peer: Peer, start_node: StartNode, tmp_path: Path) -> Tuner:
    return Tuner(peer, start_node, tmp_path)


# Goals and cancels.


def send_and_cancel(tuner: Tuner, delay_s: float) -> tuple[bool, int, str]:
    """
    Send a goal, and its cancel so much later.

    :returns: whether the cancel was accepted, how the goal ended, and its message
    """
    goal_id = UUID(uuid=list(uuid.uuid4().bytes))
    sent = tuner.goals.send_goal_async(FineTune.Goal(), goal_uuid=goal_id)
    if delay_s:
        tuner.peer.spin(delay_s)
    request = CancelGoal.Request(goal_info=GoalInfo(goal_id=goal_id))
    cancelled = tuner.cancels.call_async(request)
    tuner.peer.until(lambda: sent.done() and cancelled.done())
    assert sent.result().accepted
    status, result = tuner.result_of(sent.result())
    return bool(cancelled.result().goals_canceling), status, result.message


def check_cancels(tuner: Tuner, delays_s: list[float]) -> list[bool]:
    """Cancel goals after these times, and check what became of them; tell which in time."""
    ends = []
    for delay_s in delays_s:
        before = tuner.versions()
        accepted, status, message = send_and_cancel(tuner, delay_s)
        if accepted:
            assert status == GoalStatus.STATUS_CANCELED, (delay_s, status, message)
            assert message == 'the job was cancelled; nothing has changed'
            assert tuner.versions() == before
        else:
            # Too early, when the goal was not known, or too late, when its version was stored.
            assert status == GoalStatus.STATUS_SUCCEEDED, (delay_s, status, message)
            assert len(tuner.versions()) == len(before) + 1
        ends.append(accepted)
    return ends


def duration_of_a_job(tuner: Tuner) -> float:
    tuner.fill()
    tuner.run()
    began_s = time.monotonic()
    assert tuner.result_of(accepted(tuner))[0] == GoalStatus.STATUS_SUCCEEDED
    return time.monotonic() - began_s


def accepted(tuner: Tuner, **goal: Any) -> Any:
    """Send a goal, and return its handle."""
    sent = tuner.goals.send_goal_async(FineTune.Goal(**goal))
    tuner.peer.until(sent.done)
    assert sent.result().accepted
    return sent.result()


def test_a_cancelled_goal_never_succeeds(tuner: Tuner) -> None:
    duration_s = duration_of_a_job(tuner)
    assert any(check_cancels(tuner, [0.0] * 6 + [0.5 * duration_s, 0.9 * duration_s]))


@pytest.mark.long
def test_many_cancelled_goals_never_succeed(tuner: Tuner) -> None:
    duration_s = duration_of_a_job(tuner)
    together = check_cancels(tuner, [0.0] * 60)
    assert sum(together) >= 30
    spread = [duration_s * random.uniform(0.0, 1.2) for _ in range(60)]
    assert any(check_cancels(tuner, spread))


def burst_of_goals(tuner: Tuner, clients: list[ActionClient], count: int) -> list[Any]:
    """Send goals at once from clients in turn, and return the handles of their answers."""
    for client in clients:
        tuner.peer.until(client.server_is_ready)
    tuner.peer.spin(stretched(0.5))
    turns = itertools.cycle(clients)
    sent = [next(turns).send_goal_async(FineTune.Goal()) for _ in range(count)]
    tuner.peer.until(lambda: all(one.done() for one in sent))
    return [one.result() for one in sent]


def check_burst(tuner: Tuner, handles: list[Any]) -> None:
    """Each answer keeps its word: what was accepted has a result, one job at a time."""
    running = [handle for handle in handles if handle.accepted]
    assert running
    for handle in running:
        assert tuner.result_of(handle)[0] == GoalStatus.STATUS_SUCCEEDED
    assert len(tuner.versions()) == len(running)


def test_fifty_goals_at_once_each_get_an_answer(tuner: Tuner) -> None:
    tuner.fill()
    tuner.run()
    check_burst(tuner, burst_of_goals(tuner, [tuner.goals], 50))


@pytest.mark.long
def test_fifty_goals_of_twenty_clients_each_get_an_answer(tuner: Tuner) -> None:
    tuner.fill()
    tuner.run()
    clients = [ActionClient(tuner.peer.node, FineTune, GOAL) for _ in range(20)]
    check_burst(tuner, burst_of_goals(tuner, clients, 50))


def test_a_goal_gets_its_result_when_the_node_ends(tuner: Tuner) -> None:
    tuner.fill()
    node = tuner.run()
    handle = accepted(tuner, unfreeze='all', max_epochs=1000)
    result = handle.get_result_async()
    # The node answers in turn, so it has the request for the result by now, and waits for the job.
    for _ in range(2):
        tuner.ask(ListModels, 'list_models')
    node.send(signal.SIGINT)
    tuner.peer.until(result.done)
    assert result.result().status == GoalStatus.STATUS_ABORTED
    assert result.result().result.message == 'the job was cancelled; nothing has changed'
    assert tuner.versions() == []
    assert node.end() == 0
    assert 'Traceback' not in node.log


# Twenty clients at once.

# Kind of the service, its name, and the fields of a request.
REQUESTS: tuple[tuple[type, str, dict[str, Any]], ...] = (
    (ListModels, 'list_models', {}),
    (Capture, 'capture', {'label': 'mug'}),
    (Record, 'record', {'record': True, 'label': 'cup', 'rate': 5.0}),
    (DeleteFrames, 'delete_frames', {'label': 'cup'}),
    (Record, 'record', {'record': False}),
    (ActivateModel, 'activate_model', {'version': 'none'}),
)


def attack(tuner: Tuner, clients: int, seconds: float) -> int:
    """Let clients call all services in turn, while a camera plays; return the answers."""
    calls = [
        (tuner.peer.node.create_client(kind, f'fine_tuner/{name}'), kind.Request(**fields))
        for _, (kind, name, fields) in zip(range(clients), itertools.cycle(REQUESTS))
    ]
    for client, _ in calls:
        tuner.peer.until(client.service_is_ready)
    tuner.peer.spin(stretched(0.5))
    pending = [client.call_async(request) for client, request in calls]
    answers, frames, end_s = 0, 0, time.monotonic() + seconds
    while time.monotonic() < end_s:
        tuner.show(picture(frames), 1.0 + frames)
        frames += 1
        tuner.peer.spin(0.05)
        for index, (client, request) in enumerate(calls):
            if pending[index].done():
                assert pending[index].result() is not None
                answers += 1
                pending[index] = client.call_async(request)
    tuner.peer.until(lambda: all(one.done() for one in pending))
    return answers


def check_attack(tuner: Tuner, clients: int, seconds: float) -> None:
    """Train while clients call: every call and the goal have an answer, and all of it holds."""
    tuner.fill()
    node = tuner.run()
    handle = accepted(tuner)
    assert attack(tuner, clients, seconds) >= clients
    assert tuner.result_of(handle)[0] == GoalStatus.STATUS_SUCCEEDED
    assert tuner.ask(Record, 'record', record=False).success
    listing = read_frames(tuner.dataset)
    assert listing.problems == ()
    tuner.peer.until(lambda: tuner.recording_label() == '')
    newest = tuner.summaries[-1]
    assert sum(newest.counts) == len(listing.frames)
    assert node.process.poll() is None
    assert 'Traceback' not in node.log


@pytest.mark.long
def test_clients_during_training(tuner: Tuner) -> None:
    check_attack(tuner, 6, 3.0)


@pytest.mark.long
def test_twenty_clients_during_training(tuner: Tuner) -> None:
    check_attack(tuner, 20, 60.0)


# Captures.


@contextlib.contextmanager
def largest_file(node: NodeProcess, size_bytes: int) -> Iterator[None]:
    """Let the node write no file beyond so many bytes, as on a disk that is full."""
    pid = node.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def cache_file(folder: Path) -> Path:
    (path,) = (folder / 'embeddings').glob('*.features')
    return path


def test_captures_and_full_disks(tuner: Tuner, tmp_path: Path) -> None:
    node = tuner.run(environment={'NN_PERCEPTION_CACHE': str(tmp_path / 'cache')})
    assert tuner.capture('mug', picture(0)).total == 1
    # The cache is full, and the disk is not: that is no reason to reject a frame.
    cache = cache_file(tmp_path / 'cache')
    with cache.open('ab') as stream:
        stream.truncate(1_000_000)
    with largest_file(node, 1_000_000):
        kept = tuner.capture('mug', picture(1))
        assert (kept.success, kept.total) == (True, 2), kept.message
    # Neither the pictures nor their lines fit; then the pictures do.
    for size_bytes in (100, (tuner.dataset / 'manifest.jsonl').stat().st_size + 10):
        with largest_file(node, size_bytes):
            rejected = tuner.capture('cup', picture(2, size=4))
            assert not rejected.success
            assert 'the frame is not stored' in rejected.message
        listing = read_frames(tuner.dataset)
        assert (len(listing.frames), listing.problems) == (2, ())
        assert not (tuner.dataset / 'cup').exists()
    assert tuner.capture('cup', picture(3)).total == 1
    assert len(read_frames(tuner.dataset).frames) == 3


def captured_and_killed(tuner: Tuner, captured: int) -> int:
    """Capture frames, kill the node right after an answer, and return the confirmed frames."""
    node = tuner.run()
    for _ in range(random.randint(1, 3)):
        image = picture(captured)
        response = tuner.capture('mug', image)
        assert response.success, response.message
        assert response.total == captured + 1
        captured += 1
    node.process.kill()
    node.process.wait()
    frames = read_frames(tuner.dataset).frames
    assert len(frames) == captured
    np.testing.assert_array_equal(read_image(frames[-1].path), image)
    return captured


@pytest.mark.parametrize('kills', [2, pytest.param(40, marks=pytest.mark.long)])
def test_a_confirmed_frame_survives_kill_9(tuner: Tuner, kills: int) -> None:
    captured = 0
    for _ in range(kills):
        captured = captured_and_killed(tuner, captured)
    tuner.run()
    assert tuner.summaries[-1].counts[0] == captured


@pytest.mark.long
def test_what_else_is_confirmed_survives_kill_9(tuner: Tuner) -> None:
    tuner.fill(('bright', 'dark', 'mug'))
    for expected in ('trained', 'rolled back', 'deleted'):
        node = tuner.run()
        if expected == 'trained':
            for _ in range(2):
                status, result = tuner.result_of(accepted(tuner, activate=True))
                assert (status, result.activated) == (GoalStatus.STATUS_SUCCEEDED, True)
        elif expected == 'rolled back':
            first = tuner.versions()[0].name
            assert tuner.ask(ActivateModel, 'activate_model', version=first).success
        else:
            assert tuner.ask(DeleteFrames, 'delete_frames', label='mug').deleted == 8
        node.process.kill()
        node.process.wait()
        active = (tuner.folder / 'models' / 'things' / 'active').resolve()
        assert active == tuner.versions()[1 if expected == 'trained' else 0]
        assert ModelStore(tuner.folder / 'models').active('things') is not None
    assert {frame.label for frame in read_frames(tuner.dataset).frames} == {'bright', 'dark'}


# What ~/dataset says about the recording.


def record_until_stored(tuner: Tuner, label: str = 'mug') -> None:
    """Record, and show images until the first one is stored."""
    assert tuner.ask(Record, 'record', record=True, label=label).success
    before = sum(tuner.summaries[-1].counts)
    frames = itertools.count()

    def stored() -> bool:
        tuner.show(picture(next(frames)))
        return sum(tuner.summaries[-1].counts) > before

    tuner.peer.until(stored)
    assert tuner.recording_label() == label


def change_state(tuner: Tuner, transition: int) -> None:
    assert tuner.ask(ChangeState, 'change_state', transition=Transition(id=transition)).success


@pytest.mark.parametrize('how', ['disk', 'deactivate', 'end'])
def test_the_summary_says_when_a_recording_has_ended(tuner: Tuner, how: str) -> None:
    node = tuner.run()
    record_until_stored(tuner)
    if how == 'disk':
        with largest_file(node, 100):
            tuner.peer.until(lambda: tuner.show(picture(0)) or tuner.recording_label() == '')
    elif how == 'deactivate':
        change_state(tuner, Transition.TRANSITION_DEACTIVATE)
        tuner.peer.until(lambda: tuner.recording_label() == '')
        change_state(tuner, Transition.TRANSITION_ACTIVATE)
    else:
        node.send(signal.SIGTERM)
        tuner.peer.until(lambda: tuner.recording_label() == '')
        return
    # It does not begin again by itself.
    count = sum(tuner.summaries[-1].counts)
    for number in range(5):
        tuner.show(picture(number))
        tuner.peer.spin(0.05)
    assert (sum(tuner.summaries[-1].counts), tuner.recording_label()) == (count, '')


@pytest.mark.parametrize('rounds', [5, pytest.param(200, marks=pytest.mark.long)])
def test_the_summary_after_stopping(tuner: Tuner, rounds: int) -> None:
    tuner.run()
    for _ in range(rounds):
        record_until_stored(tuner)
        # Frames arrive while the recording stops.
        for number in range(3):
            tuner.show(picture(number))
        stopped = tuner.ask(Record, 'record', record=False)
        assert (stopped.success, stopped.message) == (True, 'not recording')
        stored = len(read_frames(tuner.dataset).frames)
        tuner.peer.until(lambda: tuner.recording_label() == '')
        tuner.peer.spin(0.1)
        assert tuner.recording_label() == ''
        assert sum(tuner.summaries[-1].counts) == stored
        assert len(read_frames(tuner.dataset).frames) == stored
