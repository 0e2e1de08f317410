"""Keep a remote client from ending a lifecycle node with an invalid request."""

from __future__ import annotations

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode


def guard_change_state(node: LifecycleNode) -> None:
    """
    Answer an invalid transition with ``success=False``.

    rclpy lets the error out of the service's callback, which would end the executor:
    any remote client could stop the process with one request.
    """
    service = node._service_change_state
    answer = service.callback

    def guarded(
        request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        try:
            return answer(request, response)
        except RuntimeError as error:
            node.get_logger().warning(f'a transition was refused: {error}')
            response.success = False
            return response

    service.callback = guarded
