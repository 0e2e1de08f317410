"""Requests with senseless values to every service and action of the fine tuner."""

from __future__ import annotations

from collections.abc import Callable
import math
from pathlib import Path
import random
from typing import Any

from hostile_messages import FLOATS, NUMBERS, TEXTS
from nn_perception.core.imaging.image_files import encode_png
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.srv import (
    ActivateModel,
    AddFrame,
    Capture,
    DeleteFrames,
    GetFrame,
    ListFrames,
    ListModels,
    Record,
    RenameLabel,
)
import pytest
from ros_graph import image_at, NodeProcess, Peer, picture
from sensor_msgs.msg import CompressedImage, Image
from std_srvs.srv import SetBool

StartNode = Callable[..., NodeProcess]

LONGEST_ANSWER = 1100
LABELS = (
    *TEXTS, 'mug', '..', '.', '-rf', 'CON', 'a' * 64, 'a' * 65, 'e\u0301', '\u202egum',
    'x' * 10**6,
)  # fmt: skip
PNG = encode_png(picture(64, 48))
# The header of a PNG that claims 60,000 x 60,000 pixels.
BOMB = PNG[:16] + (60_000).to_bytes(4, 'big') * 2 + PNG[24:]
PICTURES = (PNG, PNG[:99], BOMB, b'', b'PK\x03\x04', b'<svg/>', bytes(10**6), b'\xff\xd8' * 999)
IDS = (
    *LABELS, 'mug/0_0.png', '../x.png', '/etc/passwd', 'mug/../../x.png', 'mug/0_0.png\n', '\\',
)  # fmt: skip


class Stranger:
    """
    Sends requests at random.

    :param peer: sends them
    :param seed: of the random numbers
    """

    def __init__(self, peer: Peer, seed: int) -> None:
        self._random = random.Random(seed)
        action = '/fine_tuner/fine_tune/_action'
        self._goal_ids = [self._random.randbytes(16) for _ in range(5)]
        impl = FineTune.Impl
        self._requests: list[tuple[Any, Callable[[], Any]]] = [
            (peer.node.create_client(kind, name), make)
            for kind, name, make in (
                (Capture, '/fine_tuner/capture', self._capture),
                (Record, '/fine_tuner/record', self._record),
                (DeleteFrames, '/fine_tuner/delete_frames', self._delete),
                (AddFrame, '/fine_tuner/add_frame', self._add),
                (ListFrames, '/fine_tuner/list_frames', self._list),
                (GetFrame, '/fine_tuner/get_frame', self._get),
                (RenameLabel, '/fine_tuner/rename_label', self._rename),
                (ListModels, '/fine_tuner/list_models', ListModels.Request),
                (ActivateModel, '/fine_tuner/activate_model', self._activate),
                (SetBool, '/fine_tuner/enable', self._enable),
                (impl.SendGoalService, f'{action}/send_goal', self._goal),
                (impl.GetResultService, f'{action}/get_result', self._result),
                (impl.CancelGoalService, f'{action}/cancel_goal', self._cancel),
            )
        ]
        for client, _ in self._requests:
            peer.until(client.service_is_ready)

    def send(self) -> Any:
        """Send a request, and return the future of its answer."""
        client, make = self._random.choice(self._requests)
        return client.call_async(make())

    def _text(self) -> str:
        return self._random.choice(LABELS)

    def _capture(self) -> Capture.Request:
        return Capture.Request(label=self._text())

    def _record(self) -> Record.Request:
        rate = self._random.choice([one for one in FLOATS if not abs(one) > 3e38])
        return Record.Request(record=self._random.random() < 0.7, label=self._text(), rate=rate)

    def _delete(self) -> DeleteFrames.Request:
        newest = self._random.random() < 0.5
        count = self._random.choice((0, 0, 1, 5, 2000))
        ids = self._random.choices([one for one in IDS if len(one) < 100], k=count)
        return DeleteFrames.Request(label=self._text(), newest_only=newest, ids=ids)

    def _add(self) -> AddFrame.Request:
        image = CompressedImage(format=self._text(), data=self._random.choice(PICTURES))
        image.header.frame_id = self._text()
        image.header.stamp.sec = self._random.choice((0, 1, -1, -(2**31), 2**31 - 1))
        image.header.stamp.nanosec = self._random.choice((0, 1, 10**9, 2**32 - 1))
        return AddFrame.Request(image=image, label=self._text())

    def _list(self) -> ListFrames.Request:
        offset, limit = self._random.choices((0, 1, 1000, 1001, 2**32 - 1), k=2)
        return ListFrames.Request(label=self._text(), offset=offset, limit=limit)

    def _get(self) -> GetFrame.Request:
        size = self._random.choice((0, 1, 40, 2**32 - 1))
        return GetFrame.Request(id=self._random.choice(IDS), max_size=size)

    def _rename(self) -> RenameLabel.Request:
        return RenameLabel.Request(label=self._text(), new_label=self._text())

    def _activate(self) -> ActivateModel.Request:
        return ActivateModel.Request(version=self._text())

    def _enable(self) -> SetBool.Request:
        return SetBool.Request(data=self._random.random() < 0.5)

    def _goal(self) -> Any:
        request = FineTune.Impl.SendGoalService.Request()
        request.goal_id.uuid = list(self._random.choice(self._goal_ids))
        goal = request.goal
        goal.max_epochs, goal.seed = self._random.choices(NUMBERS, k=2)
        goal.learning_rate = self._random.choice((0.0, -1.0, 1e-45, 3e38, math.nan, math.inf))
        goal.validation_fraction = self._random.choice((0.0, -1.0, 0.5, 1.0, 9e9, math.nan))
        goal.unfreeze = self._text()
        return request

    def _result(self) -> Any:
        request = FineTune.Impl.GetResultService.Request()
        request.goal_id.uuid = list(self._random.randbytes(16))
        return request

    def _cancel(self) -> Any:
        request = FineTune.Impl.CancelGoalService.Request()
        request.goal_info.goal_id.uuid = list(self._random.choice((*self._goal_ids, bytes(16))))
        request.goal_info.stamp.sec = self._random.choice((0, 1, -1, -(2**31), 2**31 - 1))
        request.goal_info.stamp.nanosec = self._random.choice((0, 1, 10**9, 2**32 - 1))
        return request


@pytest.mark.parametrize('count', [200, pytest.param(3000, marks=pytest.mark.long)])
def test_every_request_is_answered(
    peer: Peer, start_node: StartNode, tmp_path: Path, count: int
) -> None:
    folders = {'data_folder': tmp_path / 'data', 'store_folder': tmp_path / 'models'}
    node = start_node('fine_tuner', parameters=folders)
    camera = peer.publisher(Image, 'image')
    stranger = Stranger(peer, seed=count)
    peer.matched(camera)
    for number in range(count):
        camera.publish(image_at(picture(64, 48), 1.0 + number))
        answer = stranger.send()
        peer.until(answer.done)
        text = getattr(answer.result(), 'message', '')
        assert len(text) < LONGEST_ANSWER
        assert node.process.poll() is None
    assert peer.call(SetBool, '/fine_tuner/enable', SetBool.Request(data=True)).success
    peer.matched(camera)

    def captured() -> bool:
        camera.publish(image_at(picture(64, 48), 1.0))
        peer.spin(0.1)
        request = Capture.Request(label='mug')
        return bool(peer.call(Capture, '/fine_tuner/capture', request).success)

    peer.until(captured)
    assert 'Traceback' not in node.log
    assert max(map(len, node.log.splitlines())) < LONGEST_ANSWER
    # No label is the name of a file outside of the dataset.
    assert {path.name for path in tmp_path.iterdir()} <= {'data', 'models', 'fine_tuner_0.log'}
