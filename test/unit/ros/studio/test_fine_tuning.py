"""The page stores, shows and deletes frames over the services of a ``fine_tuner``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import threading
import time
from typing import Any
import zipfile

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.image_files import encode_png
from nn_perception.ros.diagnostics.messages import diagnostic_array
from nn_perception.ros.diagnostics.status import Status
from nn_perception.ros.fine_tuning.dataset_services import DatasetAccess
from nn_perception.ros.fine_tuning.frame_recorder import FrameRecorder
from nn_perception.ros.fine_tuning.frame_services import FrameServices
from nn_perception.ros.fine_tuning.summary_topics import ActiveModelTopic, DatasetTopic
from nn_perception.ros.outputs.headers import current_header
from nn_perception.ros.studio.fine_tuner.kind import FINE_TUNER
from nn_perception.ros.studio.fine_tuning import RosFineTuning
from nn_perception.studio.backend.fine_tuning import FineTuning
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import FrameFeatures
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.model_store.relabel import StoredModel
from nn_perception.training.model_store.store import ModelStore
from nn_perception_interfaces.srv import ActivateModel, ListModels, Record
import numpy as np
from patience import stretched
import pytest


class FakeEmbedder:
    """Compute nothing."""

    description, key = 'a fake network', 'fake'

    def features(self, image_bgr: np.ndarray) -> FrameFeatures:
        return FrameFeatures(np.full(4, image_bgr[0, 0, 0], np.float32), 1.0)

    def close(self) -> None:
        """Free nothing."""


class Robot:
    """Offer what a ``fine_tuner`` offers, on the node of the robot, with a real dataset."""

    def __init__(self, graph: Any, folder: Path) -> None:
        self.node = graph.robot
        self.store = ModelStore(folder / 'models')
        for name, value in (
            ('base', 'a_network'), ('model_name', 'taught'), ('dataset', 'kitchen'),
            ('data_folder', str(folder / 'datasets')), ('store_folder', str(folder / 'models')),
        ):  # fmt: skip
            self.node.declare_parameter(name, value)
        dataset = Dataset.open(folder / 'datasets', 'kitchen', quota_bytes=1_000_000)
        self.recorder = FrameRecorder(dataset, FakeEmbedder(), {'': '/image'})
        self.topic = DatasetTopic(self.node)
        self.active = ActiveModelTopic(self.node, self.store, 'taught')
        self.activated: list[str] = []
        self.recorded: list[Record.Request] = []
        self.services = FrameServices(
            self.node,
            DatasetAccess(
                words=IMAGES.words,
                recorder=lambda: self.recorder,
                model=lambda: StoredModel(self.store, 'taught'),
                job_runs=lambda: False,
                on_frames=self.topic.publish,
                on_version=self.active.publish,
            ),
            lambda: 1_000_000,
        )
        self.node.create_service(Record, '~/record', self._record)
        self.node.create_service(ListModels, '~/list_models', self._list)
        self.node.create_service(ActivateModel, '~/activate_model', self._activate)
        self._diagnostics = self.node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self.topic.publish(self.recorder)

    def report(self, message: str, device: str = 'cpu') -> None:
        """Publish diagnostics."""
        status = Status('warn', message, {'device': device})
        name = f'{self.node.get_fully_qualified_name()}: images'
        header = current_header(self.node)
        self._diagnostics.publish(diagnostic_array(name, '/image/compressed', status, header))

    def close(self) -> None:
        self.recorder.close()
        self.services.close()

    def _record(self, request: Record.Request, response: Record.Response) -> Record.Response:
        self.recorded.append(request)
        if request.record:
            self.recorder.record(request.label, request.rate, request.timeout).result()
        else:
            self.recorder.stop().result()
        self.topic.publish(self.recorder)
        response.success = True
        return response

    def _list(self, _: Any, response: ListModels.Response) -> ListModels.Response:
        return response

    def _activate(self, request: Any, response: ActivateModel.Response) -> ActivateModel.Response:
        self.activated.append(request.version)
        response.message = 'taught has no such version'
        return response


@pytest.fixture
def page(graph: Any) -> Iterator[RosFineTuning]:
    """What the page talks to."""
    page = graph.calls.call(
        lambda: RosFineTuning(graph.page, lambda topic: topic.removesuffix('/compressed'))
    )
    yield page
    graph.calls.call(page.close)


@pytest.fixture
def robot(
    graph: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Robot]]:
    """Start a ``fine_tuner``."""
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    started: list[Robot] = []

    def start() -> Robot:
        graph.calls.call(lambda: started.append(Robot(graph, tmp_path)), 20.0)
        return started[-1]

    yield start
    for one in started:
        one.close()


def until(condition: Callable[[], Any], limit_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + stretched(limit_s)
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def picture(seed: int = 0, size: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def test_without_a_fine_tuner_a_sentence_says_how_to_start_one(page: RosFineTuning) -> None:
    as_protocol: FineTuning = page
    assert as_protocol.state().reason == FINE_TUNER.none_runs
    for call in (
        lambda: page.frames('', 0, 10),
        lambda: page.add_frame(b'', 'mug'),
        lambda: page.record('mug', 1.0),
        page.versions,
        page.roll_back,
        page.dataset_folder,
    ):
        with pytest.raises(RuntimeError, match='no fine_tuner runs; start one with: ros2 run'):
            call()
    with pytest.raises(RuntimeError, match='no fine-tuning job is running'):
        page.cancel_job()


def test_frames(page: RosFineTuning, robot: Callable[[], Robot], tmp_path: Path) -> None:
    fine_tuner = robot()
    until(lambda: page.state().model)
    fine_tuner.report('no image')
    until(lambda: page.state().camera == '/image')
    state = page.state()
    assert (state.reason, state.dataset, state.model, state.base, state.counts) == (
        '', 'kitchen', 'taught', 'a_network', {}
    )  # fmt: skip
    ids = [page.add_frame(encode_png(picture(n)), f'label {n % 2}', 10**9 + n) for n in range(5)]
    until(lambda: page.state().counts == {'label 0': 3, 'label 1': 2})
    assert page.state().size_bytes > 1000
    listed = page.frames('', 1, 2)
    assert (listed.total, [frame.id for frame in listed.frames]) == (5, [ids[3], ids[2]])
    assert (listed.frames[0].stamp_ns, listed.frames[0].label) == (1_000_000_003, 'label 1')
    assert page.frames('label 0', 0, 0).frames == ()
    assert page.frames('label 0', 0, 0).total == 3
    path = page.dataset_folder() / ids[0]
    assert page.picture(ids[0]) == path.read_bytes()
    assert decode_image(page.picture(ids[0], 16), upright=False).shape == (16, 16, 3)
    assert page.rename_label('label 0', 'mug') == 3
    assert page.delete_frames([ids[1], ids[3]]) == 2
    assert page.delete_frames([]) == 0
    assert page.delete_label('mug') == 3
    until(lambda: page.state().counts == {})


def test_refusals_are_sentences(page: RosFineTuning, robot: Callable[[], Robot]) -> None:
    fine_tuner = robot()
    until(lambda: page.state().model)
    for call, reason in (
        (lambda: page.add_frame(b'no picture', 'mug'), 'is not an image of a known format'),
        (lambda: page.add_frame(b'', '../mug'), 'cannot be the name of a label'),
        (lambda: page.add_frame(b'', 'a\udcff'), 'cannot be the name of a label'),
        (lambda: page.frames('a\udcff', 0, 1), 'cannot be the name of a label'),
        (lambda: page.frames('', -1, 1), 'an offset and a limit'),
        (lambda: page.picture('../x.png'), "there is no frame '../x.png'"),
        (lambda: page.picture('a\udcff'), 'there is no frame'),
        (lambda: page.picture('x', 2**40), 'the size must be'),
        (lambda: page.delete_frames(['x']), "there is no frame 'x'"),
        (lambda: page.delete_frames(['']), 'there is no frame'),
        (lambda: page.rename_label('mug', 'cup'), 'no frames have the label mug'),
        (lambda: page.record('mug', float('nan')), 'the rate must be'),
        (lambda: page.activate('x'), 'taught has no such version'),
        (lambda: page.activate('\udcff'), 'there is no version'),
        (lambda: page.report('x'), 'taught has no version'),
        (lambda: page.checkpoint('../x'), 'taught has no version'),
        (page.roll_back, 'taught has no previously active version'),
    ):
        with pytest.raises(ValueError, match=reason):
            call()
    assert fine_tuner.activated == ['x']
    assert page.versions() == []
    page.record('cafe\u0301', 2.5)
    page.stop_recording()
    first, last = fine_tuner.recorded
    assert (first.record, first.label, first.rate, last.record) == (True, 'caf\u00e9', 2.5, False)


def test_a_fine_tuner_that_is_not_ready_says_why(
    page: RosFineTuning, robot: Callable[[], Robot]
) -> None:
    fine_tuner = robot()
    until(lambda: page.state().model)
    fine_tuner.report('the dataset is open in another process', 'not loaded')
    until(lambda: page.state().reason.startswith('/robot is not ready'))
    assert page.state().reason == '/robot is not ready: the dataset is open in another process'
    fine_tuner.report('all is well')
    until(lambda: not page.state().reason)


def test_files_that_are_on_another_machine(
    page: RosFineTuning, robot: Callable[[], Robot], tmp_path: Path
) -> None:
    robot()
    until(lambda: page.state().model)
    (tmp_path / 'datasets').rename(tmp_path / 'elsewhere')
    for call in (page.dataset_folder, page.roll_back, lambda: page.report('x')):
        with pytest.raises(RuntimeError, match='must run on the machine of the fine_tuner'):
            call()


def test_a_zip_file_is_imported_once(
    page: RosFineTuning, robot: Callable[[], Robot], tmp_path: Path
) -> None:
    robot()
    until(lambda: page.state().model)
    path = tmp_path / 'pictures.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        for number in range(3):
            archive.writestr(f'all/mug/{number}.png', encode_png(picture(number)))
        archive.writestr('all/cup/700_9.png', encode_png(picture(7)))
        archive.writestr('all/cup/broken.png', encode_png(picture(8))[:99])
        archive.writestr('all/unknown/1.png', encode_png(picture(9)))
        archive.writestr('../../out/1.png', encode_png(picture(10)))
    words = page.import_zip(path)
    assert words.startswith('Stored 4 pictures. ')
    for left_out in ('all/cup/broken.png', 'is reserved for frames', 'leads out of the archive'):
        assert left_out in words
    assert [frame.stamp_ns for frame in page.frames('cup', 0, 9).frames] == [700]
    assert page.import_zip(path).startswith('Stored 0 pictures, and 4 were there already.')
    # As one label, even what is there under another one.
    assert page.import_zip(path, 'pot').startswith('Stored 6 pictures.')
    until(lambda: page.state().counts == {'cup': 1, 'mug': 3, 'pot': 6})
    with pytest.raises(ValueError, match='is not a zip file'):
        (tmp_path / 'text.zip').write_text('text')
        page.import_zip(tmp_path / 'text.zip')
    large = tmp_path / 'large.zip'
    with zipfile.ZipFile(large, 'w') as archive:
        for number in range(4):
            archive.writestr(f'big/{number}.png', encode_png(picture(number, 350)))
    assert 'Stored 2 pictures. the dataset kitchen is full' in page.import_zip(large)


def test_a_recording_is_renewed_until_it_ends(
    page: RosFineTuning, robot: Callable[[], Robot]
) -> None:
    """A page that dies renews nothing, and what it has begun ends by itself."""
    fine_tuner = robot()
    until(lambda: page.state().reason == '')
    page.record('mug', 5.0)
    until(lambda: len(fine_tuner.recorded) >= 3)
    assert {(one.label, one.rate) for one in fine_tuner.recorded} == {('mug', 5.0)}
    assert all(1.0 < one.timeout < 10.0 for one in fine_tuner.recorded)
    # It has failed, for example because the disk is full: it is not begun anew.
    fine_tuner.recorder.stop().result()
    fine_tuner.topic.publish(fine_tuner.recorder)
    until(lambda: page.state().recording == '')
    count = len(fine_tuner.recorded)
    time.sleep(2.5)
    assert len(fine_tuner.recorded) <= count + 1  # one may have been on its way
    assert page.state().recording == ''


def test_a_call_that_is_not_answered_ends(
    page: RosFineTuning, robot: Callable[[], Robot], monkeypatch: pytest.MonkeyPatch
) -> None:
    fine_tuner = robot()
    until(lambda: page.state().model)
    monkeypatch.setattr('nn_perception.ros.studio.fine_tuning.TIMEOUT_S', 0.5)
    held = threading.Event()
    fine_tuner.recorder._disk.submit(held.wait, 30.0)
    began_s = time.monotonic()
    with pytest.raises(RuntimeError, match='/robot/delete_frames did not answer within'):
        page.delete_label('mug')
    assert time.monotonic() - began_s < stretched(5.0)
    held.set()
    # It goes on afterwards.
    assert page.add_frame(encode_png(picture()), 'mug')


def test_a_fine_tuner_that_ends_is_noticed(
    graph: Any, page: RosFineTuning, robot: Callable[[], Robot]
) -> None:
    robot()
    until(lambda: page.state().model)
    page.add_frame(encode_png(picture()), 'mug')
    until(lambda: page.state().counts)

    def end() -> None:
        for publisher in list(graph.robot.publishers):
            if publisher.topic_name == '/robot/dataset':
                graph.robot.destroy_publisher(publisher)

    graph.calls.call(end)
    until(lambda: page.state().reason == FINE_TUNER.none_runs)
    # What was there is still known, and so are the files.
    assert page.state().counts == {'mug': 1}
    assert page.dataset_folder().is_dir()
    with pytest.raises(RuntimeError, match='no fine_tuner runs'):
        page.frames('', 0, 1)
