"""Lead what the ROS-free library logs into the log of a node."""

from __future__ import annotations

import logging

from rclpy.impl.rcutils_logger import RcutilsLogger

LIBRARY = 'nn_perception'


class RosLogHandler(logging.Handler):
    """Hand records of the standard library's ``logging`` to a node's logger."""

    def __init__(self, logger: RcutilsLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record with its severity."""
        text = self.format(record)
        # One line a severity: rclpy refuses two severities from the same line.
        if record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        elif record.levelno >= logging.INFO:
            self._logger.info(text)
        else:
            self._logger.debug(text)


def forward_logs(logger: RcutilsLogger) -> None:
    """Let this process's library log through ``logger`` from now on."""
    library = logging.getLogger(LIBRARY)
    library.setLevel(logging.INFO)
    library.propagate = False
    library.handlers = [RosLogHandler(logger)]
