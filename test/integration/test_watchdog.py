"""A process whose main loop hangs ends, and its log says where it hung."""

from __future__ import annotations

import subprocess
import sys

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


def run(what: str) -> subprocess.CompletedProcess[str]:
    """Run a node with some code in its callback."""
    code = HANGS.format(what=what)
    return subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, timeout=HANGS_S, check=False
    )


def test_a_hanging_loop_ends_the_process(ros_environment: None) -> None:
    ended = run('time.sleep(50.0)')
    assert ended.returncode == 1
    assert 'on_time' in ended.stderr


@pytest.mark.parametrize(
    'what', ['time.sleep(0.3)', 'with watchdog.Watchdog.paused(): time.sleep(2.5)']
)
def test_what_may_take_long_does_not_end_the_process(ros_environment: None, what: str) -> None:
    ended = run(what)
    assert (ended.returncode, ended.stderr) == (0, '')
