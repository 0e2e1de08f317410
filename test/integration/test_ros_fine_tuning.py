"""The page teaches a running ``fine_tuner``, which may be killed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import shutil
import signal
import threading
import time
from typing import Any

from nn_perception.core.imaging.image_files import encode_png, read_image
from nn_perception.ros.studio.fine_tuner.kind import FINE_TUNER
from nn_perception.ros.studio.fine_tuning import RosFineTuning
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from patience import PATIENCE_S, stretched
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from ros_graph import image_at, NodeProcess, Peer, picture
from sensor_msgs.msg import Image

StartNode = Callable[..., NodeProcess]


@pytest.fixture
def page(domain_id: int, ros_environment: None) -> Iterator[RosFineTuning]:
    """What the page talks to, and a thread that spins its node."""
    context = Context()
    rclpy.init(context=context, domain_id=domain_id)
    node = Node('page', context=context)
    page = RosFineTuning(node, lambda topic: topic)
    executor, stopped = SingleThreadedExecutor(context=context), threading.Event()
    executor.add_node(node)

    def spin() -> None:
        while not stopped.is_set():
            executor.spin_once(timeout_sec=0.05)

    thread = threading.Thread(target=spin)
    thread.start()
    yield page
    stopped.set()
    thread.join()
    page.close()
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown(context=context)


@pytest.fixture
def parameters(tmp_path: Path, test_data: Path) -> dict[str, Any]:
    """Those of a ``fine_tuner``; its dataset has two labels."""
    dataset = tmp_path / 'datasets' / 'workshop'
    for label in ('glass', 'metal'):
        (dataset / label).mkdir(parents=True)
        for path in sorted((test_data / 'fewshot_trashnet' / label).glob('*.jpg'))[:10]:
            shutil.copy(path, dataset / label)
    return {
        'data_folder': dataset.parent,
        'store_folder': tmp_path / 'models',
        'dataset': 'workshop',
        'model_name': 'things',
        'base': 'digit_cnn',
    }


def until(condition: Callable[[], Any], limit_s: float = PATIENCE_S) -> None:
    deadline_s = time.monotonic() + stretched(limit_s)
    while not condition():
        assert time.monotonic() < deadline_s, 'the condition did not hold'
        time.sleep(0.05)


def is_ready(page: RosFineTuning) -> bool:
    state = page.state()
    return bool(state.counts and state.model and not state.reason)


def finished(page: RosFineTuning) -> None:
    until(lambda: not page.state().job.running)


@pytest.mark.long
def test_teach_look_rename_and_roll_back(
    peer: Peer, start_node: StartNode, page: RosFineTuning, parameters: dict[str, Any]
) -> None:
    camera = peer.publisher(Image, 'image')
    start_node('fine_tuner', parameters=parameters)
    until(lambda: is_ready(page))
    state = page.state()
    assert (state.dataset, state.model, state.base) == ('workshop', 'things', 'digit_cnn')
    until(lambda: page.state().camera == '/image')
    peer.matched(camera)
    page.record('noise', 0.0)
    for number in range(3):
        camera.publish(image_at(picture(64, 48, number), 1.0 + number))
        peer.spin(0.2)
    until(lambda: page.state().recording == 'noise' and page.state().counts.get('noise'))
    page.stop_recording()
    until(lambda: not page.state().recording)
    page.delete_label('noise')
    page.start_job(FineTuneSettings())
    with pytest.raises(RuntimeError, match='a fine-tuning job is running already'):
        page.start_job(FineTuneSettings())
    with pytest.raises(ValueError, match='a fine-tuning job is running'):
        page.rename_label('glass', 'bottle')
    finished(page)
    job = page.state().job
    assert (job.succeeded, job.progress) == (True, 1.0), job.message
    assert 'held-out frames are right' in job.message
    until(lambda: page.state().active_version == job.version)
    (first,) = page.versions()
    assert (first.version, first.labels, first.active) == (job.version, ('glass', 'metal'), True)
    assert page.report(job.version)['accuracy'] == pytest.approx(first.accuracy)
    assert page.checkpoint(job.version).is_file()
    assert page.dataset_folder() == parameters['data_folder'] / 'workshop'
    assert page.rename_label('glass', 'bottle') == 10
    until(lambda: page.state().active_version != job.version)
    renamed, _ = page.versions()
    assert (renamed.labels, renamed.active) == (('bottle', 'metal'), True)
    assert page.roll_back() == job.version
    until(lambda: page.state().active_version == job.version)
    page.activate(renamed.version)
    until(lambda: page.state().active_version == renamed.version)
    page.start_job(FineTuneSettings(unfreeze='all', max_epochs=1000))
    until(lambda: page.state().job.history)
    page.cancel_job()
    finished(page)
    job = page.state().job
    assert not job.succeeded
    assert 'the job was cancelled; nothing has changed' in job.message
    assert len(page.versions()) == 2


def test_the_page_goes_on_when_the_fine_tuner_is_killed(
    start_node: StartNode, page: RosFineTuning, parameters: dict[str, Any]
) -> None:
    node = start_node('fine_tuner', parameters=parameters)
    until(lambda: is_ready(page))
    page.start_job(FineTuneSettings(unfreeze='all', max_epochs=1000))
    stored = page.add_frame(encode_png(picture(64, 48)), 'mug')
    node.send(signal.SIGKILL)
    node.process.wait()
    with pytest.raises(RuntimeError, match=r'did not answer|no fine_tuner runs|nobody offers'):
        page.add_frame(encode_png(picture(64, 48, 1)), 'mug')
    start_node('fine_tuner', parameters=parameters)
    until(lambda: page.state().job.message == FINE_TUNER.job_lost)
    assert not page.state().job.running
    until(lambda: is_ready(page))
    assert stored in {frame.id for frame in page.frames('mug', 0, 10).frames}
    assert read_image(page.dataset_folder() / stored).shape == (48, 64, 3)
    page.add_frame(encode_png(picture(64, 48, 2)), 'mug')
    until(lambda: page.state().counts['mug'] == 2)
    page.start_job(FineTuneSettings())
    finished(page)
    assert page.state().job.succeeded, page.state().job.message


@pytest.mark.long
def test_a_page_that_is_opened_while_a_job_runs(
    peer: Peer,
    domain_id: int,
    start_node: StartNode,
    page: RosFineTuning,
    parameters: dict[str, Any],
) -> None:
    start_node('fine_tuner', parameters=parameters)
    until(lambda: is_ready(page))
    page.start_job(FineTuneSettings(unfreeze='all', max_epochs=1000))
    second = RosFineTuning(peer.node, lambda topic: topic)
    peer.until(lambda: second.state().job.running)
    peer.until(lambda: second.state().job.history)
    page.cancel_job()
    peer.until(lambda: not second.state().job.running)
    peer.until(lambda: '' != page.state().job.message == second.state().job.message)
    assert read_frames(parameters['data_folder'] / 'workshop').problems == ()
    second.close()
