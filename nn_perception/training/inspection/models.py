"""Look into shipped and fine-tuned models, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
import threading
import time
from typing import TypeVar

from nn_perception.core.inference.model_zoo import is_path
from nn_perception.core.inspection.records import Arithmetic, Layer, Region
from nn_perception.training.inspection.inspectable import Look, LookRequest
from nn_perception.training.inspection.model_process import ModelProcess
from nn_perception.training.inspection.remote import RemoteInspectable
from nn_perception.training.model_store.store import active_checkpoint
import numpy as np
from numpy.typing import NDArray

T = TypeVar('T')

IDLE_S = 60.0
# One process takes 600 to 800 MB.
MAX_PROCESSES = 2
CLOSED = 'This network is closed.'


class ModelInspectors:
    """
    Looks into models; all viewers of a model share its process.

    :param store: folder of the model store; empty: the usual one
    :param idle_s: time without requests after which a process ends
    """

    def __init__(self, store: str | Path = '', *, idle_s: float = IDLE_S) -> None:
        self._store = store
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._processes: dict[str, ModelProcess] = {}
        self._closed = False

    def open(self, model: str) -> ModelInspectable:
        """
        Look into a model; takes some seconds if nobody looks into it yet.

        :param model: name of a shipped model or of a torchvision classifier, ``store:NAME`` for
            the active version of a fine-tuned model, or path of a checkpoint
        :returns: with a last picture of its own
        :raises ValueError: a sentence, if there is no such fine-tuned model
        :raises RuntimeError: a sentence, if it cannot be looked into, or too many are already
        """
        checkpoint = active_checkpoint(model, self._store)
        if is_path(checkpoint):
            checkpoint = str(Path(checkpoint).expanduser().absolute())
        viewer = ModelInspectable(lambda: self._process(checkpoint))
        viewer.layers()
        return viewer

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            self._closed = True
            processes = list(self._processes.values())
            self._processes.clear()
        for process in processes:
            process.stop()

    def _process(self, checkpoint: str) -> ModelProcess:
        """Return the process of a checkpoint; start it if there is none."""
        with self._lock:
            if self._closed:
                raise RuntimeError(CLOSED)
            self._processes = {
                name: process for name, process in self._processes.items() if process.alive
            }
            if checkpoint not in self._processes:
                self._make_room()
                self._processes[checkpoint] = ModelProcess(checkpoint, self._idle_s)
            return self._processes[checkpoint]

    def _make_room(self) -> None:
        """End the process that was asked the longest ago, if there are as many as there may be."""
        if len(self._processes) < MAX_PROCESSES:
            return
        spare = [(one.asked_s, name) for name, one in self._processes.items() if one.spare]
        if not spare:
            raise RuntimeError(
                f'{MAX_PROCESSES} networks are open already; choose one of them, or close '
                'one first.'
            )
        self._processes.pop(min(spare)[1]).stop()


class ModelInspectable:
    """
    A model that is looked into by one viewer, see :class:`Inspectable`.

    When its process has ended because nobody has asked, or for another model, the next request
    starts it anew, and looks at the last picture again.

    :param process: returns the running process of the model
    """

    def __init__(self, process: Callable[[], ModelProcess]) -> None:
        self._find = process
        self._lock = threading.Lock()
        self._process: ModelProcess | None = None
        self._remote: RemoteInspectable | None = None
        self._picture: NDArray[np.uint8] | None = None
        self._closed = False

    def layers(self) -> tuple[Layer, ...]:
        """Return all layers, in the order in which they are computed; the first is the input."""
        return self._ask(lambda remote: remote.layers())

    def look(self, request: LookRequest) -> Look:
        """Run the network on a picture."""
        look = self._ask(lambda remote: remote.look(request))
        if request.picture is not None:
            self._picture = request.picture
        return look

    def region(self, layer: str, element: Sequence[int]) -> tuple[Region, ...]:
        """Return what an element sees in each layer that its layer gets its input from."""
        return self._ask(lambda remote: remote.region(layer, element))

    def arithmetic(self, layer: str, element: Sequence[int]) -> Arithmetic:
        """Explain an element of the last picture that was looked at."""
        return self._ask(lambda remote: remote.arithmetic(layer, element))

    def value(self, layer: str, element: Sequence[int]) -> float:
        """Return an element of the last picture that was looked at."""
        return self._ask(lambda remote: remote.value(layer, element))

    def close(self) -> None:
        """Say that nobody looks any more; a process that serves nobody else ends soon."""
        with self._lock:
            self._closed = True
            self._disconnect()

    def _ask(self, call: Callable[[RemoteInspectable], T]) -> T:
        remote, process = self._connected()
        process.asked_s = time.monotonic()
        try:
            return call(remote)
        except RuntimeError:
            if not remote.closed:
                raise  # its answer
        self._forget(remote)
        if self._closed:
            raise RuntimeError(CLOSED)
        if not process.ended_by_itself:
            raise RuntimeError(process.ended)
        return call(self._connected()[0])

    def _connected(self) -> tuple[RemoteInspectable, ModelProcess]:
        """Return the connection; connect, and look at the last picture again, if there is none."""
        with self._lock:
            if self._closed:
                raise RuntimeError(CLOSED)
            if self._remote is None or self._process is None:
                self._process = self._find()
                self._remote = self._process.connect()
                self._process.viewers += 1
                if self._picture is not None:
                    self._remote.look(LookRequest(self._picture))
            return self._remote, self._process

    def _forget(self, remote: RemoteInspectable) -> None:
        """Forget a connection that is closed, unless another thread has connected anew."""
        with self._lock:
            if self._remote is remote:
                self._disconnect()

    def _disconnect(self) -> None:
        if self._remote is not None:
            self._remote.close()
        if self._process is not None:
            self._process.viewers -= 1
        self._remote = self._process = None
