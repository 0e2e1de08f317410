"""Whether simulated time advances."""

from __future__ import annotations

import time

from rclpy.node import Node

# Time that stands still for this long is reported.
STOPPED_AFTER_S = 3.0
# What is older, or newer, than this was stamped by another clock.
OTHER_CLOCK_S = 60.0


class ClockWatch:
    """Notice when a clock stands still."""

    def __init__(self) -> None:
        self._now_ns = -1
        self._since_s = 0.0

    def stopped_s(self, now_ns: int) -> float:
        """
        Measure how long a clock has not changed.

        :param now_ns: the time that the clock shows
        :returns: seconds since it first showed this time
        """
        if now_ns != self._now_ns:
            self._now_ns, self._since_s = now_ns, time.monotonic()
        return time.monotonic() - self._since_s

    def problem(self, node: Node) -> str:
        """Say what is wrong with a node's simulated time; empty if nothing is, or it uses none."""
        if not node.get_parameter('use_sim_time').value:
            return ''
        now_ns = node.get_clock().now().nanoseconds
        stopped_s = self.stopped_s(now_ns)
        stopped = stopped_s >= STOPPED_AFTER_S
        if (stopped or not now_ns) and not node.count_publishers('/clock'):
            return 'use_sim_time is set, but /clock has no publisher'
        if not now_ns:
            return 'use_sim_time is set, but no message has arrived on /clock'
        if stopped:
            return (
                f'simulated time has been stopped at {now_ns * 1e-9:.1f} s for {stopped_s:.0f} s; '
                'is the simulation paused?'
            )
        return ''


def other_clock(stamped: str, age_s: float) -> str:
    """
    Say what it means that stamps are far from a node's clock.

    :param stamped: ``'images'`` or ``'sounds'``
    :param age_s: by the node's clock, in seconds
    """
    source = {'images': 'camera', 'sounds': 'microphone'}[stamped]
    return (
        f"the {stamped}' timestamps are {abs(age_s):.0f} s "
        f"{'behind' if age_s > 0 else 'ahead of'} this node's clock, so their age is unknown; set "
        'use_sim_time: true for a simulation or a recording, use_sim_time: false for a '
        f'{source}'
    )
