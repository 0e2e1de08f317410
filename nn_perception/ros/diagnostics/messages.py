"""Diagnostics as ROS messages."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from nn_perception.core.quoting import shortened
from nn_perception.ros.diagnostics.status import Status
from std_msgs.msg import Header

LEVELS = {
    'ok': DiagnosticStatus.OK,
    'warn': DiagnosticStatus.WARN,
    'error': DiagnosticStatus.ERROR,
}


def diagnostic_array(
    name: str, hardware_id: str, status: Status, header: Header
) -> DiagnosticArray:
    """
    Build a message with one status.

    :param name: what the status is about
    :param hardware_id: the device, or the topic that stands for it
    :param status: level, message and values; values appear as text, in their order
    :param header: header of the message
    """
    values = [
        KeyValue(key=key, value=shortened(str(value))) for key, value in status.values.items()
    ]
    return DiagnosticArray(
        header=header,
        status=[
            DiagnosticStatus(
                level=LEVELS[status.level],
                name=name,
                hardware_id=hardware_id,
                message=shortened(status.message),
                values=values,
            )
        ],
    )
