"""
Follow the fine-tuning jobs of a ``fine_tuner``, whoever has started them.

The status of the action is latched: a page that starts while a job runs sees the job, asks for its
result, and can cancel it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
import math
import time
from typing import Any

from action_msgs.msg import GoalStatus, GoalStatusArray
from nn_perception.core.quoting import shortened
from nn_perception.ros.outputs.qos import LATCHED_QOS, RESULT_QOS
from nn_perception.ros.studio.service_calls import ServiceCalls
from nn_perception.studio.backend.fine_tuning import JobState
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import FineTuneProgress
from rclpy.node import Node
from rclpy.subscription import Subscription

METRICS = ('train_loss', 'validation_loss', 'train_accuracy', 'validation_accuracy')
RUNNING = (GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING, GoalStatus.STATUS_CANCELING)
MAX_EPOCHS_SHOWN = 10_000
# A result that is not there so long after the end of its job is asked for again.
RESULT_WAIT_S = 3.0


class JobWatch:
    """
    Know the job that runs, or ran last; used in the executor's thread only, except :attr:`state`.

    :ivar state: the job
    """

    def __init__(self, node: Node, services: ServiceCalls) -> None:
        self.state = JobState()
        self._node = node
        self._services = services
        self._action = ''
        self._subscriptions: list[Subscription] = []
        self._goal = b''
        self._ended_s: float | None = None

    def follow(self, action: str) -> None:
        """
        Follow an action, and no other one any more.

        :param action: its name; if it is the same as before, the last job stays known
        """
        self.close()
        if action != self._action:
            self._action, self.state = action, JobState()
        progress = action.rpartition('/')[0] + '/progress'
        self._subscriptions = [
            self._node.create_subscription(*arguments)
            for arguments in (
                (GoalStatusArray, f'{action}/_action/status', self._on_status, LATCHED_QOS),
                (FineTuneProgress, progress, self._on_progress, RESULT_QOS),
            )
        ]

    def track(self, goal: bytes) -> None:
        """
        Note that a goal was accepted.

        :param goal: its id
        """
        if goal != self._goal:
            self._goal, self._ended_s = goal, None
            self.state = JobState(running=True)
            self._ask_for_result()

    def refresh(self) -> None:
        """Ask again for a result that did not come."""
        ended_s = self._ended_s
        if self.state.running and ended_s and time.monotonic() - ended_s > RESULT_WAIT_S:
            self._ended_s = time.monotonic()
            self._ask_for_result()

    def lose(self, reason: str) -> None:
        """Note that the node of a running job has ended, and why there is no result."""
        self._goal = b''
        if self.state.running:
            self.state = replace(self.state, running=False, message=reason)

    def close(self) -> None:
        """Follow nothing any more."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions, self._goal = [], b''

    def _on_status(self, msg: GoalStatusArray) -> None:
        if not msg.status_list:
            return
        newest = max(msg.status_list, key=_accepted)
        goal = bytes(newest.goal_info.goal_id.uuid)
        self.track(goal)
        if newest.status not in RUNNING and self._ended_s is None:
            self._ended_s = time.monotonic()

    def _on_progress(self, msg: FineTuneProgress) -> None:
        if not self.state.running:
            return  # it is about a job that has ended
        history = self.state.history
        if msg.epoch > len(history) and len(history) < MAX_EPOCHS_SHOWN:
            history = *history, _metrics(msg)
        done = msg.progress if 0.0 <= msg.progress <= 1.0 else 0.0
        self.state = replace(
            self.state, stage=shortened(msg.stage, 40), progress=done, history=history
        )

    def _ask_for_result(self) -> None:
        goal = self._goal
        kind = FineTune.Impl.GetResultService
        request = kind.Request()
        request.goal_id.uuid = list(goal)

        def answer(response: Any) -> None:
            if goal == self._goal and response.status != GoalStatus.STATUS_UNKNOWN:
                self._end(response.result)

        self._services.send(kind, f'{self._action}/_action/get_result', request, answer)

    def _end(self, result: FineTune.Result) -> None:
        self.state = replace(
            self.state,
            running=False,
            progress=1.0 if result.success else self.state.progress,
            succeeded=result.success,
            message=shortened(result.message),
            version=shortened(result.version),
        )


def _accepted(status: GoalStatus) -> tuple[bool, int, int]:
    """Sort goals: a running one is the newest, since there is one at a time."""
    stamp = status.goal_info.stamp
    return status.status in RUNNING, stamp.sec, stamp.nanosec


def _metrics(msg: FineTuneProgress) -> Mapping[str, float]:
    values = {name: getattr(msg, name) for name in METRICS}
    return {name: value for name, value in values.items() if math.isfinite(value)}
