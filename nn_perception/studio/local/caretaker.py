"""Close networks that nobody uses, and follow the model store, while some are open."""

from __future__ import annotations

from collections.abc import Sequence
import threading

from nn_perception.core.memory import PeriodicRelease
from nn_perception.studio.local.network import Network
from nn_perception.training.model_store.store_pipeline import StorePipeline
from nn_perception.training.model_store.store_sound_pipeline import StoreSoundPipeline

# Nobody used a network for so long: its memory is freed.
UNUSED_S = 60.0
# How often the store is checked for a new active version, and the networks for their use.
POLL_PERIOD_S = 0.5


class Caretaker:
    """
    A thread that looks after networks; it ends when all of them are closed.

    :param networks: what it looks after
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look after the networks from now on; returns at once."""
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name='networks', daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Free the memory of all networks, for good."""
        self._closing.set()
        for network in self._networks:
            network.close()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        release = PeriodicRelease()
        while not self._closing.wait(POLL_PERIOD_S):
            for network in self._networks:
                if isinstance(network.pipeline, (StorePipeline, StoreSoundPipeline)):
                    network.pipeline.poll()
            release.tick()
            for network in self._networks:
                network.close_if_unused(UNUSED_S)
            with self._lock:
                if not any(network.is_open for network in self._networks):
                    self._thread = None
                    return
