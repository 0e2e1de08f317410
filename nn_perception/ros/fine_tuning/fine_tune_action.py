"""The action ``~/fine_tune``: a fine-tuning job in a child process, with feedback and cancel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import time
from typing import Any

from nn_perception.core.quoting import shortened
from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.fine_tuning.deferred_service import LOG_PERIOD_S
from nn_perception.ros.fine_tuning.rate_limiter import RateLimitedCallbackGroup
from nn_perception.ros.outputs.headers import current_header
from nn_perception.ros.outputs.qos import RESULT_QOS, SERVICE_QOS
from nn_perception.training.fine_tuning.job import FineTuningJob, JobResult
from nn_perception.training.fine_tuning.job_process import FineTuningProcess
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import FineTuneProgress
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from rclpy.task import Future

NAME = '~/fine_tune'


@dataclass
class AcceptedGoal:
    """
    A goal from its acceptance to its result.

    :param handle: its state
    :param end: gets the end of its job
    :param accepted_s: when it was accepted, on the monotonic clock
    :param process: runs its job; None if that could not be started
    """

    handle: ServerGoalHandle
    end: Future
    accepted_s: float
    process: FineTuningProcess | None = None


class FineTuneAction:
    """
    Run fine-tuning jobs on request, one at a time.

    The job of a goal starts when the goal is accepted, and the process of the job decides whether
    it can still be cancelled: so there is no moment at which a second goal is accepted, or at
    which a cancel is accepted and the job continues.

    :param node: offers the action, and publishes ``~/progress``
    :param job_of: converts a goal; ValueError or OSError says why it cannot be run
    :param on_new_version: called when a job has stored a new version
    """

    def __init__(
        self,
        node: Node,
        job_of: Callable[[FineTune.Goal], FineTuningJob],
        on_new_version: Callable[[], None],
    ) -> None:
        self._node = node
        self._job_of = job_of
        self._on_new_version = on_new_version
        self._goal: AcceptedGoal | None = None
        self._progress = node.create_publisher(FineTuneProgress, '~/progress', RESULT_QOS)
        # The executor notices the end of a job only when it wakes up.
        self._wake = node.create_guard_condition(lambda: None)
        self._server = ActionServer(
            node,
            FineTune,
            NAME,
            execute_callback=self._execute,
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
            callback_group=RateLimitedCallbackGroup.of(node, f'{NAME}/_action/send_goal'),
            goal_service_qos_profile=SERVICE_QOS,
            result_service_qos_profile=SERVICE_QOS,
            cancel_service_qos_profile=SERVICE_QOS,
        )

    @property
    def running(self) -> bool:
        """Whether a goal has been accepted and has no result yet."""
        return self._goal is not None

    def stop(self) -> None:
        """Cancel the running job, if there is one."""
        goal = self._goal
        if goal is not None and goal.process is not None:
            goal.process.stop()

    def close(self) -> None:
        """Cancel the running job, and send the result of its goal; the executor has ended."""
        self.stop()
        goal = self._goal
        if goal is None:
            return
        response = FineTune.Impl.GetResultService.Response(result=self._finish(goal))
        response.status = goal.handle.status
        result = self._server._result_futures[bytes(goal.handle.goal_id.uuid)]
        result._set_executor(None)  # that would have to run what sends the response
        result.set_result(response)

    # Called by the executor.

    def _on_goal(self, _: FineTune.Goal) -> GoalResponse:
        return GoalResponse.REJECT if self.running else GoalResponse.ACCEPT

    def _on_accepted(self, handle: ServerGoalHandle) -> None:
        """Start the job of a goal before anything else can happen to the goal."""
        goal = self._goal = AcceptedGoal(handle, Future(), time.monotonic())
        try:
            goal.process = self._start(goal)
        except (ValueError, OSError) as error:
            goal.end.set_result(str(error))
        handle.execute()

    def _on_cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        goal = self._goal
        if goal is None or goal.handle != handle or goal.process is None:
            return CancelResponse.REJECT
        return CancelResponse.ACCEPT if goal.process.cancel() else CancelResponse.REJECT

    async def _execute(self, _: ServerGoalHandle) -> FineTune.Result:
        """Wait for the end of the job; the executor serves other callbacks meanwhile."""
        goal = self._goal
        assert goal is not None
        await goal.end
        return self._finish(goal)

    def _start(self, goal: AcceptedGoal) -> FineTuningProcess:
        header = current_header(self._node)

        def on_progress(progress: dict[str, Any]) -> None:
            msg = messages.fine_tune_progress(progress, header)
            self._progress.publish(msg)
            goal.handle.publish_feedback(FineTune.Feedback(progress=msg))

        def on_end(end: JobResult | str) -> None:
            goal.end.set_result(end)
            self._wake.trigger()

        return FineTuningProcess(self._job_of(goal.handle.request), on_progress, on_end)

    def _finish(self, goal: AcceptedGoal) -> FineTune.Result:
        """Set the final state of a goal, and convert the result of its job."""
        self._goal = None
        end: JobResult | str = goal.end.result() or 'the training process did not end'
        duration_s = time.monotonic() - goal.accepted_s
        if isinstance(end, JobResult):
            self._on_new_version()
            goal.handle.succeed()
            return messages.fine_tune_result(end, duration_s)
        if goal.handle.is_cancel_requested:
            goal.handle.canceled()
        else:
            self._node.get_logger().warning(
                f'fine-tuning failed: {end}', throttle_duration_sec=LOG_PERIOD_S
            )
            goal.handle.abort()
        return FineTune.Result(message=shortened(end), duration=duration_s)
