"""The page knows the job of a ``fine_tuner``, whoever has started it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import math
import time
from typing import Any

from action_msgs.msg import GoalStatus, GoalStatusArray
from nn_perception.ros.outputs.qos import LATCHED_QOS
from nn_perception.ros.studio.fine_tuner.job_watch import JobWatch, METRICS
from nn_perception.studio.backend.fine_tuning import JobState
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import FineTuneProgress
from patience import stretched
import pytest

GetResult = FineTune.Impl.GetResultService


class Action:
    """The action of a ``fine_tuner``, on the node of the robot."""

    def __init__(self, node: Any) -> None:
        name = '~/fine_tune/_action'
        self._status = node.create_publisher(GoalStatusArray, f'{name}/status', LATCHED_QOS)
        self._progress = node.create_publisher(FineTuneProgress, '~/progress', 10)
        self.result: FineTune.Result | None = None
        self.asked: list[bytes] = []
        node.create_service(GetResult, f'{name}/get_result', self._on_get_result)

    def status(self, *goals: tuple[int, int, int]) -> None:
        """Publish goals: number, time of acceptance and status."""
        msg = GoalStatusArray()
        for number, sec, state in goals:
            one = GoalStatus(status=state)
            one.goal_info.goal_id.uuid = [number] * 16
            one.goal_info.stamp.sec = sec
            msg.status_list.append(one)
        self._status.publish(msg)

    def progress(self, stage: str, done: float, epoch: int = 0, loss: float = math.nan) -> None:
        """Publish the progress of the job."""
        nothing = dict.fromkeys(METRICS[1:], math.nan)
        self._progress.publish(
            FineTuneProgress(stage=stage, progress=done, epoch=epoch, train_loss=loss, **nothing)
        )

    def _on_get_result(self, request: Any, response: Any) -> Any:
        self.asked.append(bytes(request.goal_id.uuid))
        if self.result is not None:
            response.status, response.result = GoalStatus.STATUS_SUCCEEDED, self.result
        return response


@pytest.fixture
def action(graph: Any) -> Action:
    """An action."""
    return graph.calls.call(lambda: Action(graph.robot))


@pytest.fixture
def watch(graph: Any) -> Iterator[JobWatch]:
    """What follows it."""
    watch = JobWatch(graph.page, graph.services)
    graph.calls.call(lambda: watch.follow('/robot/fine_tune'))
    yield watch
    graph.calls.call(watch.close)


def until(condition: Callable[[], Any], limit_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + stretched(limit_s)
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_a_job_from_its_start_to_its_result(watch: JobWatch, action: Action) -> None:
    assert watch.state == JobState()
    action.progress('head', 0.5)  # of no job that is known
    action.status((1, 5, GoalStatus.STATUS_EXECUTING))
    until(lambda: watch.state.running)
    until(lambda: action.asked == [bytes([1] * 16)])
    action.progress('network', 0.25, 1, 0.5)
    action.progress('network', 0.5, 1, 0.5)  # the same epoch
    action.progress('network', 0.75, 2, 0.25)
    until(lambda: watch.state.progress == 0.75)
    assert watch.state.stage == 'network'
    assert watch.state.history == ({'train_loss': 0.5}, {'train_loss': 0.25})


def test_the_result_is_asked_for_again_until_it_is_there(
    graph: Any, watch: JobWatch, action: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('nn_perception.ros.studio.fine_tuner.job_watch.RESULT_WAIT_S', 0.1)
    # A job that ended before the page was opened, and one before that.
    goals = (2, 9, GoalStatus.STATUS_SUCCEEDED), (1, 5, GoalStatus.STATUS_ABORTED)
    action.status(*goals)
    until(lambda: action.asked)
    action.result = FineTune.Result(success=True, message='all right', version='v7')

    def refreshed() -> bool:
        graph.calls.call(watch.refresh)
        return not watch.state.running

    until(refreshed)
    assert {*action.asked} == {bytes([2] * 16)}
    assert watch.state == JobState(progress=1.0, succeeded=True, message='all right', version='v7')


def test_a_node_that_ends_loses_its_job(graph: Any, watch: JobWatch, action: Action) -> None:
    action.status((1, 5, GoalStatus.STATUS_EXECUTING))
    until(lambda: watch.state.running)
    graph.calls.call(lambda: watch.lose('it ended'))
    assert watch.state == JobState(message='it ended')
    action.status()  # of a node that has just started
    # The sentence stays when the node is back, until there is another job.
    graph.calls.call(lambda: watch.follow('/robot/fine_tune'))
    assert watch.state == JobState(message='it ended')
    graph.calls.call(lambda: watch.track(bytes(16)))
    assert watch.state == JobState(running=True)
    graph.calls.call(lambda: watch.follow('/other/fine_tune'))
    assert watch.state == JobState()
