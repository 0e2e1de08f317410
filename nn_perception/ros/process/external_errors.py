"""Exceptions that rclpy raises about what it received, and those that are bugs of ours."""

from __future__ import annotations

import sys

# In seconds: errors that others cause are logged that often.
QUIET_S = 10.0
MAX_CHARACTERS = 200
# What the code that calls rclpy's callbacks is in.
_CALLERS = (
    'nn_perception.ros.process.guarded_executor',
    'nn_perception.ros.process.service_guard',
)
# Packages with these endings hold messages, whose code rclpy runs.
_INTERFACES = ('_msgs', '_interfaces')


def is_external(error: BaseException) -> bool:
    """
    Tell whether an exception was raised by what rclpy received, not by our code.

    :param error: has been caught where rclpy's code is called. If it passed through nothing but
        rclpy, the interface packages and the standard library, our code had no part in it
    """
    step = error.__traceback__
    while step is not None:
        if not _is_library(str(step.tb_frame.f_globals.get('__name__', ''))):
            return False
        step = step.tb_next
    return True


def describe(error: BaseException) -> str:
    """Say what is wrong, and where it was noticed; what strangers wrote is cut."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    text = f'{type(error).__name__}: {error}'[:MAX_CHARACTERS]
    return f'{text}, in {step.tb_frame.f_code.co_name}' if step is not None else text


def _is_library(module: str) -> bool:
    package = module.partition('.')[0]
    return (
        package == 'rclpy'
        or module in _CALLERS
        or package.endswith(_INTERFACES)
        or (package in sys.stdlib_module_names and package != '__main__')
    )
