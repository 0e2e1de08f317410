"""
Answer invalid requests to the services that rclpy provides for a node.

rclpy's callbacks raise where a request is invalid, for example for a parameter of an unknown type
or a transition that is not possible now, and the client would get no answer.
"""

from __future__ import annotations

from collections.abc import Callable
import re
from typing import Any

from lifecycle_msgs.srv import ChangeState
from nn_perception.core.misspelling import closest
from nn_perception.core.quoting import quoted
from nn_perception.ros.process.external_errors import is_external, MAX_CHARACTERS, QUIET_S
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
from rclpy.node import Node

Callback = Callable[[Any, Any], Any]

# Humble does not have it.
_TYPE_DESCRIPTION = 'GetTypeDescription'
_TYPE_HASH = re.compile('RIHS01_[0-9a-f]{64}')


def guard_services(node: Node) -> None:
    """Let the parameter and lifecycle services of a node answer every request."""
    for service in node.services:
        if service.srv_type.__name__ == _TYPE_DESCRIPTION:
            service.callback = _of_readable_types(service.callback)
        reject = _REJECTIONS.get(service.srv_type)
        if reject is None:
            continue
        service.callback = _guarded(node, service.callback, reject)
        if service.srv_type is SetParameters:
            service.callback = _one_by_one(node, service.callback)
        elif service.srv_type is SetParametersAtomically:
            service.callback = _all_at_once(node, service.callback)


def _guarded(node: Node, callback: Callback, reject: Callback) -> Callback:
    def call(request: Any, response: Any) -> Any:
        try:
            return callback(request, response)
        except Exception as error:
            if not is_external(error):
                raise
            reason = str(error)[:MAX_CHARACTERS]
            node.get_logger().warning(
                f'rejected a request ({_described(request)}): {reason}',
                throttle_duration_sec=QUIET_S,
            )
            return reject(type(response)(), reason)

    return call


def _described(request: Any) -> str:
    """Name a request; of a transition, also which one."""
    kind = type(request).__name__.removesuffix('_Request')
    if not isinstance(request, ChangeState.Request):
        return str(kind)
    return f'{kind} {request.transition.id} {quoted(request.transition.label)}'


def _of_readable_types(callback: Callback) -> Callback:
    """Describe a type only if its hash is one: rcl would write any other into the log, uncut."""

    def call(request: Any, response: Any) -> Any:
        if _TYPE_HASH.fullmatch(request.type_hash):
            return callback(request, response)
        response.successful = False
        response.failure_reason = f'expected a type hash, got {quoted(request.type_hash)}'
        return response

    return call


def _one_by_one(node: Node, callback: Callback) -> Callback:
    """Set parameters one after the other: an invalid one changes nothing for the others."""

    def call(request: Any, response: Any) -> Any:
        for parameter in request.parameters:
            single = SetParameters.Request(parameters=[parameter])
            if reason := _unknown_parameter(node, single):
                response.results += [SetParametersResult(successful=False, reason=reason)]
            else:
                response.results += callback(single, SetParameters.Response()).results
        return response

    return call


def _all_at_once(node: Node, callback: Callback) -> Callback:
    def call(request: Any, response: Any) -> Any:
        if reason := _unknown_parameter(node, request):
            return _reject_parameters(response, reason)
        return callback(request, response)

    return call


def _unknown_parameter(node: Node, request: Any) -> str:
    """
    Say which parameter the node does not have, and which it has; empty if it has all.

    rclpy says less, and lets the empty name pass.
    """
    unknown = [one.name for one in request.parameters if not node.has_parameter(one.name)]
    if not unknown:
        return ''
    close = closest(unknown[0], node.get_parameters_by_prefix(''))
    hint = f'ros2 param list {node.get_fully_qualified_name()} shows all'
    return f'no parameter {quoted(unknown[0])}; {f"did you mean {close}?" if close else hint}'


def _reject_transition(response: Any, _reason: str) -> Any:
    response.success = False
    return response


def _reject_parameter(response: Any, reason: str) -> Any:
    response.results = [SetParametersResult(successful=False, reason=reason)]
    return response


def _reject_parameters(response: Any, reason: str) -> Any:
    response.result = SetParametersResult(successful=False, reason=reason)
    return response


def _find_nothing(response: Any, _reason: str) -> Any:
    """Answer as rclpy does for parameters that do not exist."""
    return response


_REJECTIONS: dict[type, Callback] = {
    ChangeState: _reject_transition,
    SetParameters: _reject_parameter,
    SetParametersAtomically: _reject_parameters,
    GetParameters: _find_nothing,
    GetParameterTypes: _find_nothing,
    DescribeParameters: _find_nothing,
    ListParameters: _find_nothing,
}
