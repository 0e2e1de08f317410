"""
ROS parameters as frozen dataclasses: one for each node, the contract of its parameters.

A field made with :func:`parameter` has a default value and a :class:`Contract`.
:func:`declare_parameters` declares the fields as ROS parameters with descriptors;
:func:`updated_parameters` turns a request to set some of them into a new instance, or into a
sentence that says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import dataclasses
import math
import re
from typing import Any, Generic, TypeVar

from nn_perception.core.quoting import quoted
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterUninitializedException,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

P = TypeVar('P')

_INTEGER_LIMIT = 2**31 - 1


class ParameterError(ValueError):
    """The value of a parameter was rejected; the message says which, and why."""


@dataclasses.dataclass(frozen=True)
class Contract:
    """
    What a parameter accepts, besides its type.

    :ivar description: for ``ros2 param describe``
    :ivar unit: SI symbol or ``px``, ``ms``, ``Hz``; empty if it has none
    :ivar minimum: smallest accepted number
    :ivar maximum: largest accepted number
    :ivar choices: accepted texts; empty: all
    :ivar read_only: whether it can only be set at startup
    :ivar pattern: regular expression for accepted texts; empty: all
    :ivar pattern_in_words: what the pattern means
    """

    description: str
    unit: str = ''
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False
    pattern: str = ''
    pattern_in_words: str = ''

    def rejection(self, value: Any) -> str:
        """Say why a value is rejected; empty if it is accepted."""
        if isinstance(value, tuple):
            return self._rejection_of_list(value)
        if isinstance(value, float) and not math.isfinite(value):
            return f'expected a finite number, got {value}'
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if isinstance(value, (int, float)) and not low <= value <= high:
            unit = f' {self.unit}' if self.unit else ''
            return f'expected {self._range()}{unit}, got {_shown(value)}'
        if self.choices and value not in self.choices:
            return f'expected one of {", ".join(self.choices)}, got {quoted(value)}'
        if self.pattern and not re.fullmatch(self.pattern, value):
            return f'expected {self.pattern_in_words}, got {quoted(value)}'
        return ''

    def _rejection_of_list(self, values: tuple[str, ...]) -> str:
        if not values:
            return 'expected at least one value'
        if duplicates := [value for value in values if values.count(value) > 1]:
            return f'duplicate value {quoted(duplicates[0])}'
        return next((reason for value in values if (reason := self.rejection(value))), '')

    def _range(self) -> str:
        if self.minimum is None:
            return f'at most {_shown(self.maximum)}'
        if self.maximum is None:
            return f'at least {_shown(self.minimum)}'
        return f'{_shown(self.minimum)} to {_shown(self.maximum)}'

    def descriptor(self, kind: type) -> ParameterDescriptor:
        """Describe a parameter of the Python type ``kind`` to ROS tools."""
        unit = f' [{self.unit}]' if self.unit else ''
        text = ParameterDescriptor(description=self.description + unit, read_only=self.read_only)
        if self.choices:
            text.additional_constraints = 'one of: ' + ', '.join(self.choices)
        bounded = self.minimum is not None or self.maximum is not None
        if kind is float and bounded:
            low = -math.inf if self.minimum is None else float(self.minimum)
            high = math.inf if self.maximum is None else float(self.maximum)
            text.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
        elif kind is int and bounded:
            low = -_INTEGER_LIMIT if self.minimum is None else int(self.minimum)
            high = _INTEGER_LIMIT if self.maximum is None else int(self.maximum)
            text.integer_range = [IntegerRange(from_value=low, to_value=high)]
        return text


def _shown(number: float | None) -> str:
    """Write a number in short, but never rounded."""
    short = f'{number:g}'
    return short if float(short) == number else repr(number)


def parameter(default: bool | int | float | str | tuple[str, ...], contract: Contract) -> Any:
    """
    Make a dataclass field that is a ROS parameter.

    :param default: default value, which also defines the type; a tuple is a list of texts
    :param contract: what the parameter accepts
    """
    return dataclasses.field(default=default, metadata={'contract': contract})


def contracts(parameters: Any) -> dict[str, Contract]:
    """Map the name of each parameter of a class or an instance to its contract."""
    return {field.name: field.metadata['contract'] for field in dataclasses.fields(parameters)}


def declare_parameters(node: Node, kind: type[P]) -> P:
    """
    Declare the fields of a dataclass as parameters of a node, and read their values.

    :param node: node that declares them
    :param kind: the dataclass
    :returns: an instance with the values of parameter files and the command line
    :raises ParameterError: if one of those values is rejected
    """
    values = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        contract = field.metadata['contract']
        descriptor = contract.descriptor(type(field.default))
        try:
            value = node.declare_parameter(field.name, field.default, descriptor).value
        except InvalidParameterTypeException as error:
            expected = Parameter.Type.from_parameter_value(field.default).name.lower()
            hints = {
                'double': f' (write {field.name}: 1.0, not 1)',
                'string': f' (write {field.name}: "0" in quotes, not 0; on the command line '
                f'-p \'{field.name}:="0"\')',
                'string_array': f' (write {field.name}: [a, b])',
            }
            hint = hints.get(expected, '')
            raise ParameterError(
                f'parameter {field.name}: expected a value of type {expected}{hint}'
            ) from error
        except (InvalidParameterValueException, ParameterUninitializedException) as error:
            raise ParameterError(f'parameter {field.name}: {error}') from error
        if value is None:
            raise ParameterError(f'parameter {field.name}: expected a value, got none')
        value = tuple(value) if isinstance(field.default, tuple) else value
        if reason := contract.rejection(value):
            raise ParameterError(f'parameter {field.name}: {reason}')
        values[field.name] = value
    return kind(**values)


def updated_parameters(current: P, changes: Iterable[Parameter]) -> P:
    """
    Apply a request to set parameters.

    Names that are not fields of the dataclass, such as ``use_sim_time``, are ignored.

    :param current: the current values
    :param changes: the request
    :returns: the new values
    :raises ParameterError: if one value is rejected; then none is set
    """
    known = contracts(current)
    values = {}
    for change in changes:
        if change.name not in known:
            continue
        expected = Parameter.Type.from_parameter_value(getattr(current, change.name))
        if change.type_ != expected:
            raise ParameterError(
                f'parameter {change.name}: expected type {expected.name.lower()}, '
                f'got {change.type_.name.lower()}'
            )
        if reason := known[change.name].rejection(change.value):
            raise ParameterError(f'parameter {change.name}: {reason}')
        values[change.name] = change.value
    return dataclasses.replace(current, **values)  # type: ignore[type-var]


class LiveParameters(Generic[P]):
    """
    The parameters of a node as one value, which each accepted request replaces.

    A thread that reads :attr:`value` once has settings that belong together.

    :ivar value: the current parameters
    :param node: node that declares the parameters
    :param kind: the dataclass
    :param on_changed: called after a change, with the previous value
    :raises ParameterError: if a value from a parameter file or the command line is rejected
    """

    def __init__(self, node: Node, kind: type[P], on_changed: Callable[[P], None]) -> None:
        self.value: P = declare_parameters(node, kind)
        self._on_changed = on_changed
        node.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, changes: list[Parameter]) -> SetParametersResult:
        previous = self.value
        try:
            self.value = updated_parameters(previous, changes)
        except ParameterError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if self.value != previous:
            self._on_changed(previous)
        return SetParametersResult(successful=True)
