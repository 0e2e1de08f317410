"""A process whose main loop hangs ends, and its log says where it hung."""

from __future__ import annotations

from collections.abc import Iterator
import os
import subprocess
import sys

from domain_coordinator import domain_id as reserved_domain_id
from patience import HANGS_S
import pytest

HANGS = """
import sys
import time

import rclpy.node

from nn_perception.ros.process import watchdog
from nn_perception.ros.process.main import main

watchdog.TIMEOUT_S = 1.5


class Hanging(rclpy.node.Node):
    def __init__(self):
        super().__init__('hanging')
        self._calls = 0
        self.create_timer(0.5, self.on_time)

    def on_time(self):
        self._calls += 1
        if self._calls == 3:
            {what}

    @property
    def finished(self):
        return self._calls == 4


sys.exit(main(lambda: Hanging, []))
"""


CASES = {
    'hangs': 'time.sleep(50.0)',
    'is slow': 'time.sleep(0.3)',
    'has paused it': 'with watchdog.Watchdog.paused(): time.sleep(2.5)',
}


@pytest.fixture(scope='module')
def processes() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Start nodes that do different things in their callbacks, all at once."""
    with reserved_domain_id() as number:
        environment = {**os.environ, 'ROS_DOMAIN_ID': str(number)}
        environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        yield {
            name: subprocess.Popen(
                [sys.executable, '-c', HANGS.format(what=what)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name, what in CASES.items()
        }


def test_a_hanging_loop_ends_the_process(processes: dict[str, subprocess.Popen[str]]) -> None:
    _, errors = processes['hangs'].communicate(timeout=HANGS_S)
    assert processes['hangs'].returncode == 1
    assert 'on_time' in errors


@pytest.mark.parametrize('name', ['is slow', 'has paused it'])
def test_what_may_take_long_does_not_end_the_process(
    processes: dict[str, subprocess.Popen[str]], name: str
) -> None:
    _, errors = processes[name].communicate(timeout=HANGS_S)
    assert (processes[name].returncode, errors) == (0, '')


ENDS = """
import ctypes
import sys

import rclpy.node

from nn_perception.ros.process import main as module

module.END_TIMEOUT_S = 1.5


class Middleware:
    def __del__(self):
        ctypes.PyDLL(None).sleep(100)  # holds Python's lock, as the middleware does


class Rejected(rclpy.node.Node):
    def __init__(self):
        self.middleware = Middleware()
        raise ValueError('the rate must be positive')


sys.exit(module.main(lambda: Rejected, []))
"""


def test_a_process_that_hangs_at_its_end_ends(ros_environment: None) -> None:
    command = [sys.executable, '-c', ENDS]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=HANGS_S / 10, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith('the rate must be positive\n')
    assert 'Timeout' in result.stderr
