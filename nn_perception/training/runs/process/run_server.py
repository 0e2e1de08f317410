"""The socket of a run; it listens before torch is imported, which takes seconds."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from nn_perception.training.inspection.server import Method, Server
from nn_perception.training.inspection.wire import Message
from nn_perception.training.runs.plain_records import to_message
from nn_perception.training.runs.records import History, RunState, RunStatus
from nn_perception.training.runs.run_folder import RunFolder, starting

if TYPE_CHECKING:
    from nn_perception.training.runs.process.serving import Serving

LOG = logging.getLogger(__name__)

REQUESTS = frozenset(
    'status history pause resume step reset set_rates set_epochs statistics maps evaluate '
    'predictions examples test_picture save_snapshot write_checkpoint end layers look region '
    'arithmetic value'.split()
)
START_S = 120.0
# Who waits for an answer gets it before the process ends.
LAST_WORDS_S = 0.5
CAUSES = (OSError, ValueError, RuntimeError, MemoryError, ArithmeticError, ImportError)


class RunServer:
    """
    Answers requests about a run until it ends.

    :param folder: of the run
    :param paused: it waits for commands instead of training
    :param niceness: of the training
    """

    def __init__(self, folder: RunFolder, *, paused: bool, niceness: int) -> None:
        self._folder = folder
        self._paused = paused
        self._niceness = niceness
        self._ready = threading.Event()
        self._ending = threading.Event()
        self._serving: Serving | None = None
        self._failure = 'The run is ending.'
        self._status = starting(folder.settings())
        self._server = Server(folder.socket, self._open_viewer)

    def run(self) -> None:
        """Train and answer until the run is ended, or nobody asks for long."""
        try:
            from nn_perception.training.runs.process.serving import open_serving

            serving = open_serving(self._folder, paused=self._paused)
        except CAUSES as error:
            LOG.warning('the run cannot start', exc_info=error)
            self._fail(f'{error}')
            return
        self._serving = serving
        if self._ending.is_set():
            serving.end(evaluate=False)
        self._ready.set()
        os.nice(self._niceness)
        serving.run(lambda: self._server.idle_s)
        self._server.close()

    def end(self) -> None:
        """Store what there is and end; may be called by a handler of signals."""
        self._ending.set()
        if self._serving is not None:
            self._serving.end(evaluate=False)

    def _fail(self, reason: str) -> None:
        self._failure = reason
        self._status = RunStatus(
            **{**vars(self._status), 'state': RunState.FAILED, 'message': reason}
        )
        try:
            self._folder.write('status', self._status)
        except OSError as error:
            LOG.warning('the status cannot be stored: %s', error)
        self._ready.set()
        time.sleep(LAST_WORDS_S)
        self._server.close()

    def _open_viewer(self) -> dict[str, Method]:
        """Return the methods for a connection, which wait until there is something to ask."""
        opened: dict[str, Method] = {}

        def method_of(name: str) -> Method:
            def method(request: Message) -> Message:
                if self._serving is None and name == 'status':
                    return to_message(self._status)
                if self._serving is None and name == 'end':
                    self._ending.set()
                    return Message()
                if self._serving is None and name == 'history':
                    return to_message(self._folder.read(History, 'history') or History())
                if not self._ready.wait(START_S) or self._serving is None:
                    raise RuntimeError(self._failure)
                if not opened:
                    opened.update(self._serving.open_viewer())
                return opened[name](request)

            return method

        return {name: method_of(name) for name in REQUESTS}
