"""Forward the records of Python's ``logging`` to the log of a node."""

from __future__ import annotations

import logging

from nn_perception.core.quoting import shortened
from rclpy.impl.rcutils_logger import RcutilsLogger

LIBRARY = 'nn_perception'
# A traceback must fit.
MAX_CHARACTERS = 10_000


class RosLogHandler(logging.Handler):
    """
    Pass records on to a node's logger.

    :param logger: of the node
    """

    def __init__(self, logger: RcutilsLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record with its severity."""
        text = shortened(self.format(record), MAX_CHARACTERS)
        # Each severity needs its own line: rclpy rejects two severities from the same line.
        if record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        elif record.levelno >= logging.INFO:
            self._logger.info(text)
        else:
            self._logger.debug(text)


def forward_logs(logger: RcutilsLogger) -> None:
    """
    Send what the library logs in this process to a node's logger from now on.

    :param logger: of the node
    """
    library = logging.getLogger(LIBRARY)
    library.setLevel(logging.INFO)
    library.propagate = False
    library.handlers = [RosLogHandler(logger)]
