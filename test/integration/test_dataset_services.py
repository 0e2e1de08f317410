"""A user interface adds, lists, shows, renames and deletes frames over DDS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil
import time
from typing import Any

import cv2
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.image_files import encode_png, read_image
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder, EmbeddingCache
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.fine_tuning.job import FineTuningJob
from nn_perception.training.model_store.store import ModelStore
from nn_perception_interfaces.msg import DatasetSummary
from nn_perception_interfaces.srv import (
    AddFrame,
    DeleteFrames,
    GetFrame,
    ListFrames,
    RenameLabel,
)
import numpy as np
from patience import stretched
import pytest
from rclpy.qos import QoSProfile
from ros_graph import header_at, LATCHED, NodeProcess, Peer, picture
from sensor_msgs.msg import CompressedImage
from vision_msgs.msg import LabelInfo

StartNode = Callable[..., NodeProcess]


class Page:
    """Talk to a ``fine_tuner`` as a page in a browser does."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        self._peer = peer
        self.root = folder / 'datasets'
        self.dataset = self.root / 'workshop'
        self.store = ModelStore(folder / 'models')
        self.parameters = {
            'data_folder': self.root,
            'store_folder': self.store.root,
            'dataset': 'workshop',
            'model_name': 'things',
        }
        self.summaries = peer.collect(DatasetSummary, 'fine_tuner/dataset', LATCHED)

    def ask(self, kind: type, name: str, **fields: Any) -> Any:
        """Call one of the services."""
        return self._peer.call(kind, f'fine_tuner/{name}', kind.Request(**fields))

    def add(self, encoded: bytes, label: str, seconds: float = 0.0) -> Any:
        """Send a picture."""
        image = CompressedImage(header=header_at(seconds), format='any', data=encoded)
        return self.ask(AddFrame, 'add_frame', image=image, label=label)

    def counts(self) -> dict[str, int]:
        """Return the counts of the newest summary."""
        newest = self.summaries[-1]
        return dict(zip(newest.labels, newest.counts, strict=True))


@pytest.fixture
def page(peer: Peer, tmp_path: Path) -> Page:
    return Page(peer, tmp_path)


def photo(image: np.ndarray, extension: str = '.jpg') -> bytes:
    return bytes(cv2.imencode(extension, image)[1])


def test_added_frames_are_listed_and_shown(peer: Peer, start_node: StartNode, page: Page) -> None:
    start_node('fine_tuner', parameters=page.parameters)
    image = picture(640, 480)
    # Another one each time: the cache of the embeddings outlives the test.
    image[0] = np.random.default_rng().integers(0, 256, (640, 3), np.uint8)
    added = page.add(photo(image, '.png'), 'mug', 7.5)
    assert (added.success, added.message, added.total) == (True, 'mug: 1 frames', 1)
    deep = page.add(photo(image.astype(np.uint16) * 257, '.png'), 'cup')
    assert deep.success, deep.message
    assert page.counts() == {'cup': 1, 'mug': 1}
    mug, cup = read_frames(page.dataset).frames
    assert (mug.id, mug.stamp_ns, mug.topic) == (added.id, 7_500_000_000, '')
    assert (cup.id, cup.stamp_ns) == (deep.id, 0)
    np.testing.assert_array_equal(read_image(mug.path), image)
    np.testing.assert_allclose(read_image(cup.path), image, atol=1)  # scaled to 8 bits
    cache = EmbeddingCache.of(Embedder.open().key)
    assert {mug.sha256, cup.sha256} <= {*cache.load()}
    listed = page.ask(ListFrames, 'list_frames')
    assert (listed.success, listed.total, listed.message) == (True, 2, '2 of 2 frames')
    assert [frame.id for frame in listed.frames] == [deep.id, added.id]  # newest first
    newest = listed.frames[1]
    assert (newest.label, newest.sha256, newest.stamp.nanosec) == ('mug', mug.sha256, 500_000_000)
    second = page.ask(ListFrames, 'list_frames', label='mug', offset=0, limit=1)
    assert (second.total, [frame.id for frame in second.frames]) == (1, [added.id])
    stored = page.ask(GetFrame, 'get_frame', id=added.id)
    assert (stored.image.format, bytes(stored.image.data)) == ('png', mug.path.read_bytes())
    assert stored.image.header.stamp.sec == 7
    small = page.ask(GetFrame, 'get_frame', id=added.id, max_size=160)
    assert small.image.format == 'jpeg'
    assert decode_image(small.image.data, upright=False).shape == (120, 160, 3)


def test_what_is_refused_changes_nothing(
    peer: Peer, start_node: StartNode, page: Page, tmp_path: Path
) -> None:
    secret = tmp_path / 'secret.png'
    secret.write_bytes(encode_png(picture(8, 8)))
    start_node('fine_tuner', parameters={**page.parameters, 'max_image_pixels': 10_000})
    png = encode_png(picture(64, 48))
    kept = page.add(png, 'mug')
    assert kept.success, kept.message
    for data, label, reason in (
        (b'', 'mug', 'the picture is empty'),
        (b'<svg onload="x()"/>', 'mug', 'the picture is SVG, which is not supported'),
        (png[:100], 'mug', 'truncated'),
        (encode_png(picture(200, 200)), 'mug', 'is too large: 200 x 200 pixels'),
        (png, '../mug', 'cannot be the name of a label'),
        (png, 'unknown', 'is reserved'),
        (png, 'Mug', 'differs from mug only in capitals'),
    ):
        refused = page.add(data, label)
        assert not refused.success
        assert reason in refused.message
    image = CompressedImage(data=png)
    image.header.stamp.sec = -1
    refused = page.ask(AddFrame, 'add_frame', image=image, label='mug')
    assert 'a stamp must be 0 or more' in refused.message
    for wrong in ('../../secret.png', str(secret), 'mug/../../secret.png', 'mug', '', 'mug/x.png'):
        for max_size in (0, 100):
            shown = page.ask(GetFrame, 'get_frame', id=wrong, max_size=max_size)
            assert not shown.success, wrong
            assert 'there is no frame' in shown.message
            assert not shown.image.data
        refused = page.ask(DeleteFrames, 'delete_frames', ids=[kept.id, wrong])
        assert not refused.success, wrong
        assert repr(wrong)[:20] in refused.message
    for ids, fields, reason in (
        ([kept.id] * 1001, {}, 'at most 1000 ids'),
        ([kept.id], {'newest_only': True}, 'newest_only must be false'),
        ([kept.id], {'label': 'cup'}, 'has another label than cup'),
    ):
        refused = page.ask(DeleteFrames, 'delete_frames', ids=ids, **fields)
        assert not refused.success
        assert reason in refused.message
    assert secret.exists()
    assert [frame.id for frame in read_frames(page.dataset).frames] == [kept.id]


def test_given_frames_are_deleted(peer: Peer, start_node: StartNode, page: Page) -> None:
    start_node('fine_tuner', parameters=page.parameters)
    ids = [page.add(encode_png(picture(16, 16, n)), f'label {n % 2}').id for n in range(6)]
    deleted = page.ask(DeleteFrames, 'delete_frames', ids=[ids[0], ids[3]])
    assert (deleted.success, deleted.deleted) == (True, 2)
    assert page.counts() == {'label 0': 2, 'label 1': 2}
    deleted = page.ask(DeleteFrames, 'delete_frames', ids=[ids[2]], label='label 0')
    assert deleted.message == 'deleted 1 frames'
    left = [ids[1], ids[4], ids[5]]
    assert sorted(frame.id for frame in read_frames(page.dataset).frames) == sorted(left)
    listed = page.ask(ListFrames, 'list_frames', limit=2)
    assert [frame.id for frame in listed.frames] == [ids[5], ids[4]]


def test_ten_thousand_frames_are_listed_in_milliseconds(
    peer: Peer, start_node: StartNode, page: Page
) -> None:
    png = encode_png(picture(16, 16))
    with Dataset.open(page.root, 'workshop') as dataset:
        dataset.add_encoded(png, 'mug', 0)
    lines = []
    for number in range(1, 10_000):
        (page.dataset / 'mug' / f'{number}_{number}.png').write_bytes(png)
        lines.append(
            f'{{"file": "mug/{number}_{number}.png", "label": "mug", "stamp": {number}, '
            '"topic": "/image", "sha256": "00"}\n'
        )
    with (page.dataset / 'manifest.jsonl').open('a') as manifest:
        manifest.writelines(lines)
    start_node('fine_tuner', parameters=page.parameters)
    peer.until(lambda: page.summaries)
    client = peer.node.create_client(ListFrames, 'fine_tuner/list_frames')
    peer.until(client.service_is_ready)
    times_s = []
    for offset in (0, 60, 5000, 9990):
        began_s = time.monotonic()
        answer = client.call_async(ListFrames.Request(offset=offset, limit=60))
        peer.until(answer.done)
        times_s.append(time.monotonic() - began_s)
        assert answer.result().total == 10_000
        assert answer.result().frames[0].stamp.nanosec == 9999 - offset
        peer.spin(0.2)
    assert min(times_s) < stretched(0.1), times_s
    whole = page.ask(ListFrames, 'list_frames', limit=5000)
    assert (len(whole.frames), whole.total) == (1000, 10_000)


def test_a_page_of_thumbnails_and_a_flood(peer: Peer, start_node: StartNode, page: Page) -> None:
    with Dataset.open(page.root, 'workshop') as dataset:
        for number in range(60):
            dataset.add(picture(640, 480, number), 'mug', number)
        ids = [frame.id for frame in dataset.frames()]
    node = start_node('fine_tuner', parameters=page.parameters)
    client = peer.node.create_client(
        GetFrame, 'fine_tuner/get_frame', qos_profile=QoSProfile(depth=1000)
    )
    peer.until(client.service_is_ready)
    peer.until(lambda: page.summaries)
    began_s = time.monotonic()
    shown = [client.call_async(GetFrame.Request(id=one, max_size=160)) for one in ids]
    peer.until(lambda: all(answer.done() for answer in shown))
    assert all(answer.result().success for answer in shown)
    assert time.monotonic() - began_s < stretched(4.0)
    # A dataset of large pictures, and somebody who wants all of them at once.
    large = page.add(photo(picture(2400, 1600), '.jpg'), 'mug')
    assert large.success, large.message
    request = GetFrame.Request(id=large.id, max_size=160)
    flood = [client.call_async(request) for _ in range(150)]
    began_s = time.monotonic()
    assert page.ask(ListFrames, 'list_frames', limit=1).success
    assert time.monotonic() - began_s < stretched(2.0)

    def refused() -> set[str]:
        answers = [answer.result() for answer in flood if answer.done()]
        return {answer.message for answer in answers if not answer.success}

    peer.until(refused)
    assert refused() == {'64 pictures are being read; try again later'}
    assert any(answer.done() and answer.result().success for answer in flood)
    assert node.process.poll() is None


def test_a_running_tagger_publishes_the_new_label(
    peer: Peer, start_node: StartNode, page: Page, test_data: Path
) -> None:
    for label in ('glass', 'metal'):
        (page.dataset / label).mkdir(parents=True)
        for path in sorted((test_data / 'fewshot_trashnet' / label).glob('*.jpg'))[:8]:
            shutil.copy(path, page.dataset / label)
    first = FineTuningJob(page.dataset, page.store.root, 'things').run()
    start_node('fine_tuner', parameters=page.parameters)
    tagger = {'model': 'store:things', 'store_folder': page.store.root}
    start_node('tagger', parameters=tagger)
    labels = peer.collect(LabelInfo, 'tagger/label_info', LATCHED)

    def known() -> list[str]:
        return [entry.class_name for entry in labels[-1].class_map] if labels else []

    peer.until(lambda: known() == ['glass', 'metal', 'unknown'])
    peer.until(lambda: page.summaries)
    ids = {frame.id for frame in page.ask(ListFrames, 'list_frames', label='glass').frames}
    renamed = page.ask(RenameLabel, 'rename_label', label='glass', new_label='bottle')
    assert (renamed.success, renamed.renamed) == (True, 8)
    active = page.store.active('things')
    assert active is not None
    assert active.version != first.version
    assert renamed.message == (
        f'glass is bottle now: 8 frames, and the active version, {active.version}'
    )
    peer.until(lambda: known() == ['bottle', 'metal', 'unknown'])
    assert page.counts() == {'bottle': 8, 'metal': 8}
    listed = page.ask(ListFrames, 'list_frames', label='bottle').frames
    assert {frame.id for frame in listed} == {one.replace('glass', 'bottle', 1) for one in ids}
    for label, new_label, reason in (
        ('glass', 'jar', 'no frames have the label glass'),
        ('bottle', 'metal', 'the label metal already exists'),
        ('bottle', '../jar', 'cannot be the name of a label'),
    ):
        refused = page.ask(RenameLabel, 'rename_label', label=label, new_label=new_label)
        assert not refused.success
        assert reason in refused.message
