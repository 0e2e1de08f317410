"""The executor survives what rclpy raises about messages, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from nn_perception.ros.process.external_errors import describe, is_external
from nn_perception.ros.process.guarded_executor import GuardedExecutor
import pytest
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter as NodeParameter
from rclpy.time import Time

UNKNOWN_TYPES = (10, 99, 255)


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'OFF')
    context = Context()
    rclpy.init(context=context)
    node = Node('guarded', context=context)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


@pytest.fixture
def executor(node: Node) -> Iterator[GuardedExecutor]:
    executor = GuardedExecutor(context=node.context)
    executor.add_node(node)
    yield executor
    executor.shutdown()


def from_rclpy(code: str) -> Any:
    """Compile a function that seems to be one of rclpy's."""
    names: dict[str, Any] = {'__name__': 'rclpy.stand_in'}
    exec(f'def function(*arguments):\n    {code}', names)
    return names['function']


def spin(executor: GuardedExecutor, until: Callable[[], bool]) -> None:
    for _ in range(500):
        if until():
            return
        executor.spin_once(timeout_sec=0.02)
    raise TimeoutError


def callback_of(node: Node, kind: type) -> Callable[[Any, Any], Any]:
    (service,) = [service for service in node.services if service.srv_type is kind]
    return service.callback


def test_what_rclpy_raises_is_ignored_and_counted(node: Node, executor: GuardedExecutor) -> None:
    done: list[int] = []
    timer = node.create_timer(0.001, from_rclpy('raise RuntimeError("from outside")'))
    spin(executor, lambda: executor.failures > 2)
    timer.cancel()
    node.create_timer(0.001, lambda: done.append(1))
    spin(executor, lambda: len(done) > 2)
    assert executor.failures == 0


@pytest.mark.parametrize('error', [RuntimeError, ValueError, KeyError, AssertionError])
def test_a_bug_leaves_the_executor(
    node: Node, executor: GuardedExecutor, error: type[Exception]
) -> None:
    def fail() -> None:
        raise error('a bug')

    node.create_timer(0.001, fail)
    with pytest.raises(error):
        spin(executor, lambda: False)


def test_a_bug_in_a_call_of_rclpy_leaves_the_executor(
    node: Node, executor: GuardedExecutor
) -> None:
    node.create_timer(0.001, lambda: Time(seconds=-1))
    with pytest.raises(ValueError):
        spin(executor, lambda: False)


def test_an_entity_still_receives_after_a_failed_take(
    node: Node, executor: GuardedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    node.create_timer(0.001, lambda: done.append(1))
    with monkeypatch.context() as patched:
        patched.setattr(executor, '_take_timer', from_rclpy('raise RuntimeError("no message")'))
        spin(executor, lambda: executor.failures > 0)
    spin(executor, lambda: bool(done))


@pytest.mark.parametrize('kind', UNKNOWN_TYPES)
def test_parameters_of_unknown_types_are_answered(
    node: Node, executor: GuardedExecutor, kind: int
) -> None:
    node.declare_parameter('known', 1)
    bad = Parameter(name='known', value=ParameterValue(type=kind))
    good = NodeParameter('known', value=2).to_parameter_msg()
    response = callback_of(node, SetParameters)(
        SetParameters.Request(parameters=[bad, good, bad]), SetParameters.Response()
    )
    assert [result.successful for result in response.results] == [False, True, False]
    assert str(kind) in response.results[0].reason
    assert node.get_parameter('known').value == 2

    good.value.integer_value = 3
    response = callback_of(node, SetParametersAtomically)(
        SetParametersAtomically.Request(parameters=[good, bad]), SetParametersAtomically.Response()
    )
    assert not response.result.successful
    assert str(kind) in response.result.reason
    assert node.get_parameter('known').value == 2


def test_a_bug_in_a_parameter_callback_is_not_answered(
    node: Node, executor: GuardedExecutor
) -> None:
    def fail(_parameters: Any) -> Any:
        raise ValueError('a bug')

    node.declare_parameter('known', 1)
    node.add_on_set_parameters_callback(fail)
    good = NodeParameter('known', value=2).to_parameter_msg()
    with pytest.raises(ValueError):
        callback_of(node, SetParameters)(
            SetParameters.Request(parameters=[good]), SetParameters.Response()
        )


def test_what_strangers_write_is_cut() -> None:
    try:
        from_rclpy('raise ValueError("x" * 100_000)')()
    except ValueError as error:
        assert len(describe(error)) < 300
        assert not is_external(error)  # raised through this test, which is not rclpy


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('topk', "no parameter 'topk'; did you mean top_k?"),
        ('use_simtime', "no parameter 'use_simtime'; did you mean use_sim_time?"),
        ('zoom', "no parameter 'zoom'; ros2 param list /guarded shows all"),
        ('', "no parameter ''; ros2 param list /guarded shows all"),
        ('x' * 100_000, 'ros2 param list /guarded shows all'),
    ],
)
def test_a_misspelt_parameter_is_named(
    node: Node, executor: GuardedExecutor, name: str, reason: str
) -> None:
    node.declare_parameter('top_k', 5)
    good = NodeParameter('top_k', value=3).to_parameter_msg()
    bad = NodeParameter(name, value=3).to_parameter_msg()
    request = SetParameters.Request(parameters=[good, bad])
    results = callback_of(node, SetParameters)(request, SetParameters.Response()).results
    assert [one.successful for one in results] == [True, False]
    assert reason in results[1].reason
    assert len(results[1].reason) < 200
    request = SetParametersAtomically.Request(parameters=[good, bad])
    response = SetParametersAtomically.Response()
    result = callback_of(node, SetParametersAtomically)(request, response).result
    assert not result.successful
    assert reason in result.reason
