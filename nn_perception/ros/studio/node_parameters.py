"""Read the parameters of other nodes again and again, and set them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from nn_perception.core.quoting import quoted
from nn_perception.ros.studio.node_settings import settings
from nn_perception.ros.studio.service_calls import ServiceCalls
from nn_perception.studio.backend.capabilities import Setting
from rcl_interfaces.msg import ParameterDescriptor, ParameterType
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.parameter import Parameter

MAX_PARAMETERS = 200


@dataclass
class _Known:
    """What is known of the parameters of a node."""

    names: list[str] = field(default_factory=list)
    descriptors: list[ParameterDescriptor] = field(default_factory=list)
    settings: tuple[Setting, ...] = ()


class NodeParameters:
    """
    The settings of other nodes.

    :param services: calls their services
    """

    def __init__(self, services: ServiceCalls) -> None:
        self._services = services
        self._known: dict[str, _Known] = {}

    def settings(self, node: str) -> tuple[Setting, ...]:
        """Return what was read last of a node; nothing if it did not answer yet."""
        known = self._known.get(node)
        return () if known is None else known.settings

    def refresh(self, nodes: Sequence[str]) -> None:
        """
        Ask nodes for their parameters, in the executor's thread; the answers come later.

        A node that disappears is asked anew when it is back: it may have others then.

        :param nodes: fully qualified names of all nodes that matter
        """
        self._known = {node: self._known.get(node, _Known()) for node in nodes}
        for node, known in self._known.items():
            if known.descriptors:
                self._get(node, known)
            elif self._services.is_ready(ListParameters, f'{node}/list_parameters'):
                self._services.send(
                    ListParameters,
                    f'{node}/list_parameters',
                    ListParameters.Request(),
                    partial(self._on_list, node, known),
                )

    def set(self, node: str, setting: Setting, value: float) -> None:
        """
        Set a parameter, and wait; never call this in the executor's thread.

        :raises ValueError: if the node rejects it; says why
        :raises RuntimeError: if the node does not answer
        """
        change = Parameter(setting.name, value=round(value) if setting.integer else float(value))
        request = SetParameters.Request(parameters=[change.to_parameter_msg()])
        response = self._services.call(SetParameters, f'{node}/set_parameters', request)
        if not response.results or not response.results[0].successful:
            reason = response.results[0].reason if response.results else ''
            raise ValueError(reason or f'{node} rejects {setting.name} = {value:g}')

    def _on_list(self, node: str, known: _Known, response: ListParameters.Response) -> None:
        known.names = list(response.result.names[:MAX_PARAMETERS])
        self._services.send(
            DescribeParameters,
            f'{node}/describe_parameters',
            DescribeParameters.Request(names=known.names),
            partial(self._on_description, node, known),
        )

    def _on_description(
        self, node: str, known: _Known, response: DescribeParameters.Response
    ) -> None:
        numbers = (ParameterType.PARAMETER_INTEGER, ParameterType.PARAMETER_DOUBLE)
        described = response.descriptors[:MAX_PARAMETERS]
        known.descriptors = [one for one in described if one.type in numbers]
        known.names = [one.name for one in known.descriptors]
        self._get(node, known)

    def _get(self, node: str, known: _Known) -> None:
        self._services.send(
            GetParameters,
            f'{node}/get_parameters',
            GetParameters.Request(names=known.names),
            partial(self._on_values, known),
        )

    @staticmethod
    def _on_values(known: _Known, response: GetParameters.Response) -> None:
        if len(response.values) == len(known.descriptors):
            known.settings = settings(zip(known.descriptors, response.values, strict=True))


def find_setting(known: Sequence[Setting], name: str) -> Setting:
    """
    Find a setting by its name.

    :raises ValueError: if there is none
    """
    for setting in known:
        if setting.name == name:
            return setting
    names = ', '.join(setting.name for setting in known) or 'none'
    raise ValueError(f'no setting {quoted(name)}; there are: {names}')
