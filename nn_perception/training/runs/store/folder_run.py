"""A run in a folder: its process answers, or what is stored if it has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import contextlib
import os
from pathlib import Path
import signal
import threading
import time
from typing import Any, cast, TypeVar

from nn_perception.core.inspection.records import Arithmetic, Layer, Maps, Region
from nn_perception.training.inspection.client import Client
from nn_perception.training.inspection.inspectable import Look, LookRequest
from nn_perception.training.inspection.remote import RemoteInspectable
from nn_perception.training.inspection.wire import Message
from nn_perception.training.runs.plain_records import from_message, to_message
from nn_perception.training.runs.records import (
    Evaluation,
    History,
    LayerStatistics,
    Prediction,
    Rates,
    RunStatus,
)
from nn_perception.training.runs.run_folder import RunFolder, starting
from nn_perception.training.runs.store.stored_run import BUSY, ENDED, StoredRun
import numpy as np
from numpy.typing import NDArray

T = TypeVar('T')
# A process that has just been started listens after this time at the latest.
LISTEN_S = 120.0
RETRY_S = 0.02
STATUS_S = 10.0
EVALUATION_S = 150.0
# It stores its results, with an evaluation, within this time.
END_S = 20.0


class NoProcessError(RuntimeError):
    """The run has no process."""


class BusyError(RuntimeError):
    """The process of the run does not answer."""


class FolderRun:
    """
    See :class:`nn_perception.training.runs.run.Run`.

    :param folder: of the run
    :param revive: starts its process again, paused
    :param check_room: checks that one more run may train
    """

    def __init__(
        self,
        folder: RunFolder,
        revive: Callable[[RunFolder], None],
        check_room: Callable[[str], None],
    ) -> None:
        self.name = folder.name
        self.settings = folder.settings()
        self._folder = folder
        self._stored = StoredRun(folder)
        self._revive = revive
        self._check_room = check_room
        self._lock = threading.Lock()
        # Looks take long; commands and the status do not wait for them.
        self._clients: dict[str, Client] = {}

    def status(self) -> RunStatus:
        """Return what it is doing; cheap."""
        try:
            return self._asked(RunStatus, 'status', 'commands', wait_s=0.0, timeout_s=STATUS_S)
        except NoProcessError:
            return self._stored.status()
        except BusyError:
            pass  # it does not listen yet
        return starting(self.settings)

    def history(self) -> History:
        """Return its curves."""
        return self._or_stored(
            lambda: self._asked(History, 'history', 'curves'), self._stored.history
        )

    def pause(self) -> None:
        """Pause after the current step."""
        self._command('pause')

    def resume(self) -> None:
        """Go on after a pause, or from the last snapshot if its process has ended."""
        self._check_room(self.name)
        self._revived('resume')

    def step(self) -> None:
        """Do one step, and pause."""
        self._revived('step')

    def reset(self) -> None:
        """Begin again with new weights of the same seed; the history begins anew."""
        self._check_room(self.name)
        self._revived('reset')

    def set_rates(self, rates: Rates) -> None:
        """Change settings; they act from the next step on."""
        message = to_message(rates)
        self._command('set_rates', **message.values)

    def set_epochs(self, epochs: int) -> None:
        """Change the number of epochs; a finished run goes on if there are more to do."""
        self._check_room(self.name)
        self._revived('set_epochs', epochs=epochs)

    def statistics(self) -> tuple[LayerStatistics, ...]:
        """Return statistics of all layers for the last batch."""
        return self._asked(tuple[LayerStatistics, ...], 'statistics', 'looks')

    def maps(self, layer: str, tensor: str, test_index: int) -> Maps:
        """Return the values of a layer, see the protocol."""
        values = {'layer': layer, 'tensor': tensor, 'test_index': test_index}
        return self._asked(Maps, 'maps', 'looks', **values)

    def evaluate(self, *, before_training: bool = False) -> Evaluation:
        """Return how it does on all test samples, at most one epoch old."""
        return self._or_stored(
            lambda: self._asked(
                Evaluation,
                'evaluate',
                'evaluations',
                timeout_s=EVALUATION_S,
                before_training=before_training,
            ),
            lambda: self._stored.evaluate(before_training=before_training),
        )

    def predictions(self, indices: Sequence[int]) -> tuple[Prediction, ...]:
        """Return what it says about test samples now."""
        chosen = [int(index) for index in indices]
        return self._or_stored(
            lambda: self._asked(tuple[Prediction, ...], 'predictions', 'looks', indices=chosen),
            lambda: self._stored.predictions(chosen),
        )

    def examples(self, truth: int, prediction: int, count: int) -> tuple[int, ...]:
        """Return indices of the test samples of one cell of the confusion matrix."""
        values = {'truth': truth, 'prediction': prediction, 'count': count}
        return self._or_stored(
            lambda: self._asked(
                tuple[int, ...], 'examples', 'evaluations', timeout_s=EVALUATION_S, **values
            ),
            lambda: self._stored.examples(truth, prediction, count),
        )

    def test_picture(self, index: int) -> NDArray[np.uint8]:
        """Return a test sample, ``(H, W)`` or ``(H, W, 3)``."""
        return self._asked(NDArray[np.uint8], 'test_picture', index=index)

    def save_snapshot(self) -> bytes:
        """Return definition, settings, weights, optimizer and history as one safetensors file."""
        return self._or_stored(
            lambda: self._asked(NDArray[np.uint8], 'save_snapshot', 'looks').tobytes(),
            self._stored.save_snapshot,
        )

    def write_checkpoint(self, path: Path) -> None:
        """Write a checkpoint that ``digit_reader`` or ``tagger`` loads."""
        self._command('write_checkpoint', path=str(path.absolute()))

    def end(self) -> None:
        """Store the weights, the history and the evaluation, and end its process."""
        self.ask_to_end(evaluate=True)
        self.wait_for_end()

    def wait_for_end(self) -> None:
        """Wait until its process has ended; one that does not end is killed."""
        kill_s = time.monotonic() + END_S
        while self._folder.is_alive():
            pid = self._folder.pid()
            if time.monotonic() > kill_s and pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(RETRY_S)
        self.close()

    def ask_to_end(self, *, evaluate: bool) -> None:
        """
        Ask its process to end, and do not wait for it.

        :param evaluate: with an evaluation
        """
        with contextlib.suppress(RuntimeError):
            self._ask('end', 'commands', evaluate=evaluate)

    def layers(self) -> tuple[Layer, ...]:
        """Return all layers, in the order in which they are computed; the first is the input."""
        return self._looked(lambda network: network.layers())

    def look(self, request: LookRequest) -> Look:
        """Run the network on a picture."""
        return self._looked(lambda network: network.look(request))

    def region(self, layer: str, element: Sequence[int]) -> tuple[Region, ...]:
        """Return what an element sees in each layer that its layer gets its input from."""
        return self._looked(lambda network: network.region(layer, element))

    def arithmetic(self, layer: str, element: Sequence[int]) -> Arithmetic:
        """Explain an element of the last picture that was looked at."""
        return self._looked(lambda network: network.arithmetic(layer, element))

    def value(self, layer: str, element: Sequence[int]) -> float:
        """Return an element of the last picture that was looked at."""
        return self._looked(lambda network: network.value(layer, element))

    def close(self) -> None:
        """Say that nobody looks any more; a run that trains goes on."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _command(self, name: str, **values: Any) -> None:
        self._ask(name, 'commands', **values)

    def _revived(self, name: str, **values: Any) -> None:
        """Give a command; start the process again if it has ended."""
        try:
            self._command(name, **values)
        except NoProcessError:
            self._revive(self._folder)
            self._command(name, **values)

    def _asked(self, kind: type[T], name: str, client: str = 'commands', **values: Any) -> T:
        return cast(T, from_message(kind, self._ask(name, client, **values)))

    def _looked(self, ask: Callable[[RemoteInspectable], T]) -> T:
        return self._with_client('looks', LISTEN_S, lambda one: ask(RemoteInspectable(one)))

    def _ask(
        self,
        name: str,
        client: str,
        wait_s: float = LISTEN_S,
        timeout_s: float = LISTEN_S,
        **values: Any,
    ) -> Message:
        return self._with_client(
            client, wait_s, lambda one: one.ask(name, values, timeout_s=timeout_s)
        )

    def _with_client(self, kind: str, wait_s: float, ask: Callable[[Client], T]) -> T:
        """
        Ask the process; one that is starting is waited for.

        :raises NoProcessError: a sentence, if it has ended
        """
        until_s = time.monotonic() + wait_s
        while True:
            client = self._client(kind)
            if client is not None:
                try:
                    return ask(client)
                except RuntimeError:
                    # A sentence of the process, unless the connection is broken.
                    if not client.closed:
                        raise
                self._drop(kind, client)
            if time.monotonic() > until_s or not self._folder.is_alive():
                if self._folder.is_alive():
                    raise BusyError(BUSY)
                raise NoProcessError(self._stored.status().message or ENDED)
            time.sleep(RETRY_S)

    def _client(self, kind: str) -> Client | None:
        with self._lock:
            if kind not in self._clients:
                try:
                    self._clients[kind] = Client(self._folder.socket, ENDED)
                except RuntimeError:
                    return None
            return self._clients[kind]

    def _drop(self, kind: str, client: Client) -> None:
        with self._lock:
            if self._clients.get(kind) is client:
                del self._clients[kind]

    def _or_stored(self, ask: Callable[[], T], stored: Callable[[], T]) -> T:
        try:
            return ask()
        except NoProcessError:
            return stored()
