"""The action ``~/fine_tune``: a fine-tuning job in a child process, with feedback and cancel."""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any

from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.outputs.headers import current_header
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.training.fine_tuning.job import FineTuningJob, JobResult
from nn_perception.training.fine_tuning.job_process import FineTuningProcess
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import FineTuneProgress
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from rclpy.task import Future


class FineTuneAction:
    """
    Run fine-tuning jobs on request, one at a time.

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
        self._process: FineTuningProcess | None = None
        self._stopping = False
        self._progress = node.create_publisher(FineTuneProgress, '~/progress', RESULT_QOS)
        self._server = ActionServer(
            node,
            FineTune,
            '~/fine_tune',
            execute_callback=self._execute,
            goal_callback=self._on_goal,
            cancel_callback=self._on_cancel,
        )

    @property
    def running(self) -> bool:
        """Whether a job is running."""
        return self._process is not None

    def stop(self) -> None:
        """Cancel the running job, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def close(self) -> None:
        """Cancel the running job; the executor no longer runs."""
        self._stopping = True
        self.stop()

    def _on_goal(self, _: FineTune.Goal) -> GoalResponse:
        return GoalResponse.REJECT if self.running else GoalResponse.ACCEPT

    def _on_cancel(self, _: ServerGoalHandle) -> CancelResponse:
        if self._process is not None:
            self._process.kill()
        return CancelResponse.ACCEPT

    async def _execute(self, goal: ServerGoalHandle) -> FineTune.Result:
        """Run a job; the executor serves other callbacks meanwhile."""
        began_s = time.monotonic()
        node = self._node
        future = Future(executor=node.executor)
        header = current_header(node)

        def on_progress(progress: dict[str, Any]) -> None:
            msg = messages.fine_tune_progress(progress, header)
            self._progress.publish(msg)
            goal.publish_feedback(FineTune.Feedback(progress=msg))

        def on_end(end: JobResult | str) -> None:
            future.set_result(end)
            if not self._stopping:
                node.executor.wake()  # otherwise it would notice at its next callback

        try:
            self._process = FineTuningProcess(self._job_of(goal.request), on_progress, on_end)
            end: JobResult | str = await future
        except (ValueError, OSError) as error:
            end = str(error)
        finally:
            self._process = None
        return self._finish(goal, end, time.monotonic() - began_s)

    def _finish(
        self, goal: ServerGoalHandle, end: JobResult | str, duration_s: float
    ) -> FineTune.Result:
        """Set the state of the goal, and convert the result of the job."""
        if isinstance(end, JobResult):
            self._on_new_version()
            goal.succeed()
            return messages.fine_tune_result(end, duration_s)
        if goal.is_cancel_requested:
            goal.canceled()
        else:
            self._node.get_logger().warning(f'fine-tuning failed: {end}')
            goal.abort()
        return FineTune.Result(message=end, duration=duration_s)
