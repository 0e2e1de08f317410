"""Log each lasting problem once, and its end."""

from __future__ import annotations

import re
import time

from nn_perception.core.quoting import shortened
from nn_perception.ros.diagnostics.status import Status
from rclpy.impl.rcutils_logger import RcutilsLogger

# Shorter problems are not logged.
LASTS_S = 2.0
# A problem that comes back earlier is not logged again.
QUIET_S = 60.0
# So many different problems are remembered; a sender that keeps inventing new ones must not fill
# the memory.
MAX_KINDS = 100
# What strangers wrote, and numbers: problems that differ in nothing else are the same.
_VARIABLE = re.compile(r""""[^"]*"|'(?:\\.|[^'\\])*'|\d+(\.\d+)?""")


class LogThrottle:
    """
    Log the state of something when it gets worse and when it recovers.

    :param logger: of the node
    :param prefix: begins each line
    """

    def __init__(self, logger: RcutilsLogger, prefix: str = '') -> None:
        self._logger = logger
        self._prefix = prefix
        self._kind = ''
        self._since_s = 0.0
        self._reported = self._warned = False
        self._logged_at_s: dict[str, float] = {}

    def update(self, status: Status) -> None:
        """
        Take in the newest state.

        :param status: messages that differ only in numbers and quoted texts count as the same
        """
        now_s = time.monotonic()
        kind = '' if status.level == 'ok' else _VARIABLE.sub('#', status.message)
        if kind != self._kind:
            self._kind, self._since_s, self._reported = kind, now_s, False
        if self._reported or now_s - self._since_s < LASTS_S:
            return
        self._reported = True
        if kind:
            self._warn(kind, status.message, now_s)
        elif self._warned:
            self._warned = False
            self._logger.info(f'{self._prefix}recovered: {status.message}')

    def _warn(self, kind: str, message: str, now_s: float) -> None:
        if now_s - self._logged_at_s.get(kind, now_s - QUIET_S) < QUIET_S:
            return
        if len(self._logged_at_s) >= MAX_KINDS:
            self._logged_at_s.clear()
        self._logged_at_s[kind] = now_s
        self._warned = True
        self._logger.warning(shortened(f'{self._prefix}{message}'))
