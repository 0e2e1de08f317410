"""Parameters as a contract: which values are accepted, and how tools see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import dataclasses
import math
from pathlib import Path
import shlex
from typing import Any

from domain_coordinator import domain_id
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import (
    Contract,
    contracts,
    declare_parameters,
    parameter,
    ParameterError,
    updated_parameters,
)
from nn_perception.ros.nodes.camera_source import CameraSourceParameters
from nn_perception.ros.nodes.tagger import TaggerParameters
import pytest
from rcl_interfaces.msg import ParameterDescriptor, ParameterType, SetParametersResult
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParametersAtomically
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

PATIENCE_S = 10.0
SHIPPED = [CameraParameters, TaggerParameters, CameraSourceParameters]


@dataclasses.dataclass(frozen=True)
class Sample:
    """One parameter of every kind."""

    flag: bool = parameter(True, Contract('a switch'))
    count: int = parameter(5, Contract('a bounded number', unit='px', minimum=1, maximum=100))
    least: int = parameter(0, Contract('a number with one end', minimum=-3))
    rate: float = parameter(
        2.5, Contract('a bounded number', unit='Hz', minimum=0.0, maximum=10.0)
    )
    gain: float = parameter(1.0, Contract('a number with one end', maximum=4.0))
    free: float = parameter(0.0, Contract('a number without ends'))
    mode: str = parameter('fast', Contract('one of a few', choices=('fast', 'exact')))
    name: str = parameter('', Contract('any text'))
    model: str = parameter('small', Contract('set at the start only', read_only=True))


# Contracts.

REJECTED = [
    ('count', 0, 'expected 1 to 100 px, got 0'),
    ('count', 101, 'expected 1 to 100 px, got 101'),
    ('count', -(2**63), 'expected 1 to 100 px, got -9223372036854775808'),
    ('least', -4, 'expected at least -3, got -4'),
    ('rate', -0.5, 'expected 0 to 10 Hz, got -0.5'),
    ('rate', 10.5, 'expected 0 to 10 Hz, got 10.5'),
    ('rate', 10.000000001, 'expected 0 to 10 Hz, got 10.000000001'),
    ('rate', math.nan, 'expected a finite number, got nan'),
    ('rate', math.inf, 'expected a finite number, got inf'),
    ('gain', 4.5, 'expected at most 4, got 4.5'),
    ('gain', -math.inf, 'expected a finite number, got -inf'),
    ('free', math.nan, 'expected a finite number, got nan'),
    ('mode', 'slow', "expected one of fast, exact, got 'slow'"),
    ('mode', '', "expected one of fast, exact, got ''"),
    ('mode', 'x' * 100_000, f"expected one of fast, exact, got '{'x' * 37}...'"),
    ('mode', 'Fast', "expected one of fast, exact, got 'Fast'"),
]

ACCEPTED = [
    ('flag', False),
    ('count', 1),
    ('count', 100),
    ('least', -3),
    ('least', 2**31 - 1),
    ('rate', 0.0),
    ('rate', 10.0),
    ('gain', 4.0),
    ('gain', -1e300),
    ('free', 1e300),
    ('mode', 'exact'),
    ('name', 'anything, Größe 7 ☕'),
]


@pytest.mark.parametrize(('name', 'value', 'reason'), REJECTED)
def test_a_rejection_says_what_was_expected_and_what_came(
    name: str, value: Any, reason: str
) -> None:
    assert contracts(Sample)[name].rejection(value) == reason


@pytest.mark.parametrize(('name', 'value'), ACCEPTED)
def test_accepted_values(name: str, value: Any) -> None:
    assert contracts(Sample)[name].rejection(value) == ''


def test_numbers_are_never_rounded() -> None:
    contract = Contract('a size', maximum=1_000_000)
    assert contract.rejection(1_000_001) == 'expected at most 1e+06, got 1000001'


@pytest.mark.parametrize('kind', SHIPPED)
def test_shipped_parameters_are_described_and_accept_their_defaults(kind: type) -> None:
    for field in dataclasses.fields(kind):
        contract = field.metadata['contract']
        assert len(contract.description) > 10, field.name
        assert contract.rejection(field.default) == '', field.name
        if isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
            assert None not in (contract.minimum, contract.maximum), field.name


# Descriptors.


def test_descriptors() -> None:
    descriptors = {
        field.name: field.metadata['contract'].descriptor(type(field.default))
        for field in dataclasses.fields(Sample)
    }
    assert descriptors['flag'] == ParameterDescriptor(description='a switch')
    assert descriptors['count'].description == 'a bounded number [px]'
    (integers,) = descriptors['count'].integer_range
    assert (integers.from_value, integers.to_value, integers.step) == (1, 100, 0)
    assert not descriptors['count'].floating_point_range
    (integers,) = descriptors['least'].integer_range
    assert integers.from_value == -3
    assert integers.to_value >= 2**31 - 1
    (floats,) = descriptors['rate'].floating_point_range
    assert (floats.from_value, floats.to_value, floats.step) == (0.0, 10.0, 0.0)
    (floats,) = descriptors['gain'].floating_point_range
    assert (floats.from_value, floats.to_value) == (-math.inf, 4.0)
    assert not descriptors['free'].floating_point_range
    assert descriptors['mode'].additional_constraints == 'one of: fast, exact'
    assert descriptors['name'].additional_constraints == ''
    assert [name for name, one in descriptors.items() if one.read_only] == ['model']


# updated_parameters.


def test_several_changes() -> None:
    changes = [Parameter('count', value=7), Parameter('mode', value='exact')]
    before = Sample()
    after = updated_parameters(before, changes)
    assert after == Sample(count=7, mode='exact')
    assert before == Sample()


def test_nothing_changes_when_one_value_is_rejected() -> None:
    before = Sample()
    changes = [Parameter('count', value=7), Parameter('rate', value=99.0)]
    with pytest.raises(ParameterError, match=r'^parameter rate: expected 0 to 10 Hz, got 99$'):
        updated_parameters(before, changes)
    assert before == Sample()


def test_parameters_of_others_are_ignored() -> None:
    assert updated_parameters(Sample(), [Parameter('use_sim_time', value='yes')]) == Sample()
    assert updated_parameters(Sample(), []) == Sample()


@pytest.mark.parametrize(
    ('name', 'value', 'expected', 'got'),
    [
        ('count', 7.0, 'integer', 'double'),
        ('count', True, 'integer', 'bool'),
        ('rate', 7, 'double', 'integer'),
        ('flag', 1, 'bool', 'integer'),
        ('mode', ['fast'], 'string', 'string_array'),
        ('name', None, 'string', 'not_set'),
    ],
)
def test_another_type_is_rejected(name: str, value: Any, expected: str, got: str) -> None:
    reason = f'^parameter {name}: expected type {expected}, got {got}$'
    with pytest.raises(ParameterError, match=reason):
        updated_parameters(Sample(), [Parameter(name, value=value)])


# With ROS.


@pytest.fixture(scope='module')
def domain() -> Iterator[int]:
    """Reserve a domain for this file."""
    with domain_id() as number:
        yield number


class Graph:
    """Nodes of one context that talk to each other, on this machine only."""

    def __init__(self, domain: int, args: list[str]) -> None:
        self.context = Context()
        rclpy.init(args=args, context=self.context, domain_id=domain)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.nodes: list[Node] = []

    def node(self, name: str, overrides: dict[str, Any] | None = None) -> Node:
        """Make a node."""
        values = [Parameter(key, value=value) for key, value in (overrides or {}).items()]
        node = Node(name, context=self.context, parameter_overrides=values)
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def call(self, kind: type, service: str, request: Any) -> Any:
        """Call a service from another node."""
        caller = self.node('caller')
        client = caller.create_client(kind, service)
        assert client.wait_for_service(PATIENCE_S)
        future = client.call_async(request)
        self.executor.spin_until_future_complete(future, PATIENCE_S)
        assert future.done()
        return future.result()

    def close(self) -> None:
        """End everything."""
        self.executor.shutdown()
        for node in self.nodes:
            node.destroy_node()
        rclpy.try_shutdown(context=self.context)


StartGraph = Callable[..., Graph]


@pytest.fixture
def start_graph(domain: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartGraph]:
    """Start graphs with a command line; they end with the test."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    graphs: list[Graph] = []

    def start(*args: str) -> Graph:
        graphs.append(Graph(domain, ['--ros-args', *args] if args else []))
        return graphs[-1]

    yield start
    for graph in graphs:
        graph.close()


def test_defaults_are_declared(start_graph: StartGraph) -> None:
    node = start_graph().node('camera')
    assert declare_parameters(node, Sample) == Sample()
    for field in dataclasses.fields(Sample):
        assert node.get_parameter(field.name).value == field.default
        assert node.describe_parameter(field.name).description


@pytest.mark.parametrize('kind', SHIPPED)
def test_shipped_parameters_can_be_declared(start_graph: StartGraph, kind: type) -> None:
    node = start_graph().node('camera')
    assert declare_parameters(node, kind) == kind()


def test_overrides(start_graph: StartGraph) -> None:
    node = start_graph().node('camera', {'count': 7, 'model': 'large', 'unknown': 1})
    assert declare_parameters(node, Sample) == Sample(count=7, model='large')


def write(path: Path, text: str) -> str:
    """Write a parameter file and give its path."""
    path.write_text(text, encoding='utf-8')
    return str(path)


def test_parameter_file(start_graph: StartGraph, tmp_path: Path) -> None:
    path = write(
        tmp_path / 'camera.yaml',
        '/**:\n  ros__parameters:\n    count: 9\n    rate: 5.0\n    mode: exact\n    flag: false\n'
        'other:\n  ros__parameters:\n    count: 1\n',
    )
    node = start_graph('--params-file', path).node('camera')
    expected = Sample(count=9, rate=5.0, mode='exact', flag=False)
    assert declare_parameters(node, Sample) == expected


def test_command_line_over_parameter_file(start_graph: StartGraph, tmp_path: Path) -> None:
    path = write(tmp_path / 'camera.yaml', '/**:\n  ros__parameters:\n    count: 9\n')
    node = start_graph('--params-file', path, '-p', 'count:=3', '-p', "name:='7'").node('camera')
    assert declare_parameters(node, Sample) == Sample(count=3, name='7')


@pytest.mark.parametrize(
    ('argument', 'reason'),
    [
        ('count:=0', r'^parameter count: .*out of range.*Min: 1, Max: 100, value: 0'),
        ('count:=1.5', '^parameter count: expected a value of type integer$'),
        ('count:=many', '^parameter count: expected a value of type integer$'),
        (
            'rate:=3',
            r'^parameter rate: expected a value of type double \(write rate: 1.0, not 1\)$',
        ),
        ('rate:=11.0', r'^parameter rate: .*out of range.*Min: 0.0, Max: 10.0, value: 11.0'),
        ('rate:=.nan', r'^parameter rate: .*out of range.*value: nan'),
        ('rate:=10.0000001', '^parameter rate: expected 0 to 10 Hz, got 10.0000001$'),
        ('free:=.inf', '^parameter free: expected a finite number, got inf$'),
        ('flag:=1', '^parameter flag: expected a value of type bool$'),
        ('mode:=slow', "^parameter mode: expected one of fast, exact, got 'slow'$"),
        ('name:=7', '^parameter name: expected a value of type string .write name: "0" in quotes'),
        (
            'name:=[a, b]',
            '^parameter name: expected a value of type string .write name: "0" in quotes',
        ),
    ],
)
def test_a_start_value_is_rejected(start_graph: StartGraph, argument: str, reason: str) -> None:
    node = start_graph('-p', argument).node('camera')
    with pytest.raises(ParameterError, match=reason) as caught:
        declare_parameters(node, Sample)
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) <= 300


def test_the_quotes_that_a_shell_leaves_are_advised(start_graph: StartGraph) -> None:
    """A shell removes the quotes that YAML needs."""
    node = start_graph('-p', 'name:=0').node('camera')
    with pytest.raises(ParameterError) as caught:
        declare_parameters(node, Sample)
    advised = str(caught.value).rpartition('on the command line ')[2].rstrip(')')
    words = shlex.split(advised)
    assert declare_parameters(start_graph(*words).node('camera'), Sample).name == '0'


def test_a_start_value_of_none_is_rejected(start_graph: StartGraph) -> None:
    node = start_graph().node('camera', {'count': None})
    with pytest.raises(ParameterError, match=r'^parameter count: expected a value, got none$'):
        declare_parameters(node, Sample)


class Camera:
    """A node that follows its parameters, as those of the package do."""

    def __init__(self, graph: Graph) -> None:
        self.node = graph.node('camera')
        self.parameters = declare_parameters(self.node, Sample)
        self.node.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            self.parameters = updated_parameters(self.parameters, changes)
        except ParameterError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)


@pytest.mark.parametrize(
    ('values', 'reason'),
    [
        ({'count': 7}, ''),
        ({'count': 7, 'mode': 'exact', 'rate': 0.0}, ''),
        ({'use_sim_time': True}, ''),
        ({'count': 0}, 'out of range'),
        ({'count': 7.0}, 'Wrong parameter type'),
        ({'rate': 7}, 'Wrong parameter type'),
        ({'rate': math.nan}, 'out of range'),
        ({'free': math.nan}, 'parameter free: expected a finite number, got nan'),
        ({'mode': 'slow'}, "parameter mode: expected one of fast, exact, got 'slow'"),
        ({'model': 'large'}, 'read-only'),
        ({'nothing': 1}, 'undeclared parameter'),
        ({'count': None}, 'cannot be undeclared'),
        ({'count': 7, 'mode': 'slow'}, "parameter mode: expected one of fast, exact, got 'slow'"),
    ],
)
def test_set_by_another_node(start_graph: StartGraph, values: dict[str, Any], reason: str) -> None:
    graph = start_graph()
    camera = Camera(graph)
    messages = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
    request = SetParametersAtomically.Request(parameters=messages)
    result = graph.call(
        SetParametersAtomically, 'camera/set_parameters_atomically', request
    ).result
    assert result.successful == (not reason), result.reason
    assert reason in result.reason
    own = {name: value for name, value in values.items() if name != 'use_sim_time'}
    expected = Sample() if reason else dataclasses.replace(Sample(), **own)
    assert camera.parameters == expected
    for field in dataclasses.fields(Sample):
        assert camera.node.get_parameter(field.name).value == getattr(expected, field.name)


def test_read_and_described_by_another_node(start_graph: StartGraph) -> None:
    graph = start_graph()
    Camera(graph)
    names = [field.name for field in dataclasses.fields(Sample)]
    values = graph.call(
        GetParameters, 'camera/get_parameters', GetParameters.Request(names=names)
    ).values
    assert [value.type for value in values] == [
        ParameterType.PARAMETER_BOOL,
        *[ParameterType.PARAMETER_INTEGER] * 2,
        *[ParameterType.PARAMETER_DOUBLE] * 3,
        *[ParameterType.PARAMETER_STRING] * 3,
    ]
    descriptors = graph.call(
        DescribeParameters, 'camera/describe_parameters', DescribeParameters.Request(names=names)
    ).descriptors
    assert [descriptor.name for descriptor in descriptors] == names
    described = dict(zip(names, descriptors, strict=True))
    assert described['rate'].description == 'a bounded number [Hz]'
    assert described['rate'].floating_point_range[0].to_value == 10.0
    assert described['count'].integer_range[0].from_value == 1
    assert described['mode'].additional_constraints == 'one of: fast, exact'
    assert described['model'].read_only
    assert not any(descriptor.dynamic_typing for descriptor in descriptors)
