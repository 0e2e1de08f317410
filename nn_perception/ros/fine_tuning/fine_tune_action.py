"""The action ``~/fine_tune``: a lesson in a process of its own, with feedback and cancel."""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any

from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.fine_tuning.job_process import FineTuningProcess
from nn_perception.ros.outputs.headers import current_header
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.training.fine_tuning.job import FineTuningJob
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import FineTuneProgress
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from rclpy.task import Future


class FineTuneAction:
    """
    Teach when somebody asks for it, one lesson at a time.

    :param node: offers the action and publishes ``~/progress``
    :param lesson_of: reads a goal; ValueError or OSError says why nothing can be taught
    :param on_taught: called when there is a new version
    """

    def __init__(
        self,
        node: Node,
        lesson_of: Callable[[FineTune.Goal], FineTuningJob],
        on_taught: Callable[[], None],
    ) -> None:
        self._node = node
        self._lesson_of = lesson_of
        self._on_taught = on_taught
        self._lesson: FineTuningProcess | None = None
        self._progress = node.create_publisher(FineTuneProgress, '~/progress', RESULT_QOS)
        self._server = ActionServer(
            node,
            FineTune,
            '~/fine_tune',
            execute_callback=self._teach,
            goal_callback=self._on_goal,
            cancel_callback=self._on_cancel,
        )

    @property
    def busy(self) -> bool:
        """Whether a lesson is going on."""
        return self._lesson is not None

    def stop(self) -> None:
        """End the lesson that is going on, if there is one."""
        if self._lesson is not None:
            self._lesson.kill()
            self._lesson.join()

    def _on_goal(self, _: FineTune.Goal) -> GoalResponse:
        return GoalResponse.REJECT if self.busy else GoalResponse.ACCEPT

    def _on_cancel(self, _: ServerGoalHandle) -> CancelResponse:
        if self._lesson is not None:
            self._lesson.kill()
        return CancelResponse.ACCEPT

    async def _teach(self, goal: ServerGoalHandle) -> FineTune.Result:
        """Teach in a child process; the executor goes on meanwhile."""
        began_s = time.monotonic()
        node, result = self._node, FineTune.Result()
        future = Future(executor=node.executor)
        header = current_header(node)

        def tell(progress: dict[str, Any]) -> None:
            msg = messages.fine_tune_progress(progress, header)
            self._progress.publish(msg)
            goal.publish_feedback(FineTune.Feedback(progress=msg))

        try:
            self._lesson = FineTuningProcess(
                self._lesson_of(goal.request), tell, future.set_result
            )
            taught = await future
        except (ValueError, OSError) as error:
            taught = {'error': str(error)}
        finally:
            self._lesson = None
        result.duration = time.monotonic() - began_s
        if 'error' in taught:
            result.message = taught['error']
            if goal.is_cancel_requested:
                goal.canceled()
            else:
                node.get_logger().warning(f'nothing was taught: {result.message}')
                goal.abort()
            return result
        result.success, result.message = True, taught['message']
        result.version = taught['version']['version']
        result.activated = taught['activated']
        result.validation = messages.evaluation_report(taught['report'])
        self._on_taught()
        goal.succeed()
        return result
