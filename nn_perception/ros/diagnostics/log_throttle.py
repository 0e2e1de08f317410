"""What the diagnostics say again and again, once in the log."""

from __future__ import annotations

import re
import time

from rclpy.impl.rcutils_logger import RcutilsLogger

# What lasts for less is over before anybody could read it.
LASTS_S = 2.0
# What comes and goes must not fill the log, and a sender that invents troubles not the memory.
QUIET_S = 60.0
MOST_KINDS = 100
_FIGURES = re.compile(r'\d+(\.\d+)?')


class LogThrottle:
    """
    Log what is amiss once, when it lasts, and that it is over.

    :param logger: of the node
    :param about: begins each line
    """

    def __init__(self, logger: RcutilsLogger, about: str = '') -> None:
        self._logger = logger
        self._about = about
        self._kind = ''
        self._since_s = 0.0
        self._told = self._logged = False
        self._logged_s: dict[str, float] = {}

    def hear(self, level: str, sentence: str) -> None:
        """
        Take the newest judgement in; sentences that differ in figures only say the same.

        :param level: ``'ok'``, ``'warn'`` or ``'error'``
        """
        now_s = time.monotonic()
        kind = '' if level == 'ok' else _FIGURES.sub('#', sentence)
        if kind != self._kind:
            self._kind, self._since_s, self._told = kind, now_s, False
        if self._told or now_s - self._since_s < LASTS_S:
            return
        self._told = True
        if kind:
            self._complain(kind, sentence, now_s)
        elif self._logged:
            self._logged = False
            self._logger.info(f'{self._about}all is well again: {sentence}')

    def _complain(self, kind: str, sentence: str, now_s: float) -> None:
        if now_s - self._logged_s.get(kind, now_s - QUIET_S) < QUIET_S:
            return
        if len(self._logged_s) >= MOST_KINDS:
            self._logged_s.clear()
        self._logged_s[kind] = now_s
        self._logged = True
        self._logger.warning(f'{self._about}{sentence}')
