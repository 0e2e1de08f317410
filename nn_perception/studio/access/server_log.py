"""What NiceGUI and the server log: shortened, and not more often than somebody reads it."""

from __future__ import annotations

import logging
import time
import traceback

from nn_perception.core.quoting import printable, shortened

# NiceGUI logs each error of a handler, whatever arguments a client has made up for it.
LOGGERS = ('nicegui', 'uvicorn.error', 'asyncio')
QUIET_S = 1.0
# Different errors that are told apart.
MAX_KINDS = 100
MAX_MESSAGE, MAX_TRACE = 500, 5000


class FloodFilter(logging.Filter):
    """
    Let one record of a kind pass in a second, and shorten what clients wrote.

    Errors are of one kind if they come from the same line of code.
    """

    def __init__(self) -> None:
        super().__init__()
        self._quiet_until_s: dict[object, float] = {}
        self._left_out: dict[object, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged."""
        if record.name == 'uvicorn.error' and record.levelno < logging.WARNING:
            # A line for each WebSocket, with all that its address contains.
            return False
        kind, now_s = _kind(record), time.monotonic()
        if now_s < self._quiet_until_s.get(kind, now_s):
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return False
        if len(self._quiet_until_s) >= MAX_KINDS:
            self._quiet_until_s.clear()
            self._left_out.clear()
        self._quiet_until_s[kind] = now_s + QUIET_S
        _shorten(record, self._left_out.pop(kind, 0))
        return True


def limit_logs() -> None:
    """Shorten what NiceGUI and the server log from now on."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, FloodFilter) for one in logger.filters):
            logger.addFilter(FloodFilter())


def _kind(record: logging.LogRecord) -> object:
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return record.pathname, record.lineno
    frames = traceback.extract_tb(error.__traceback__)
    last = (frames[-1].filename, frames[-1].lineno) if frames else ()
    return type(error).__name__, last


def _shorten(record: logging.LogRecord, left_out: int) -> None:
    more = f' ({left_out} more of this kind before)' if left_out else ''
    record.msg = shortened(printable(record.getMessage()), MAX_MESSAGE) + more
    record.args = None
    if record.exc_info and record.exc_info[1] is not None:
        lines = traceback.format_exception(record.exc_info[1])
        # Formatters take it as it is.
        text = ''.join(c if c.isprintable() or c == '\n' else '\ufffd' for c in ''.join(lines))
        record.exc_text = shortened(text.rstrip(), MAX_TRACE)
