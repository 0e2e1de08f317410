"""Keep an invalid request to change the state from ending a lifecycle node."""

from __future__ import annotations

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode


def guard_change_state(node: LifecycleNode) -> None:
    """
    Answer invalid transitions with ``success=False``.

    rclpy raises in the service's callback instead, which ends the executor: one request of any
    client in the domain would stop the process.

    :param node: node whose service ``~/change_state`` is guarded
    """
    service = node._service_change_state
    callback = service.callback

    def guarded(
        request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        try:
            return callback(request, response)
        except RuntimeError as error:
            node.get_logger().warning(f'rejected a lifecycle transition: {error}')
            response.success = False
            return response

    service.callback = guarded
