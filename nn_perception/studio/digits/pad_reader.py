"""Read drawings with both digit networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import logging
import threading
import time

from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.digits.patches import Patches
from nn_perception.capabilities.digits.pipeline import DigitOptions, DigitPipeline
from nn_perception.capabilities.digits.single.pen_drawing import Drawing, is_empty, to_digit
from nn_perception.core.frame import Frame
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.studio.digits.drawing import count_parts, to_page
from nn_perception.studio.digits.networks import CNN, NETWORKS
from nn_perception.studio.digits.reading import (
    LinesReading,
    NetworkScores,
    NO_LINES,
    NOTHING,
    PadReading,
    SEVERAL,
)

LOG = logging.getLogger(__name__)

LOADING = 'The network is being loaded; your drawing is read as soon as it is there.'
# Networks that could not be loaded are tried again after this time.
RETRY_S = 10.0
# A digit takes less than a millisecond: more threads would only cost.
RUN_OPTIONS = RunOptions(device='cpu', engine='onnxruntime', threads=1)


class NotReadyError(RuntimeError):
    """The networks are not loaded; its text says why, and whether they will be."""


class PadReader:
    """
    Reads drawings; the networks are loaded in a thread when they are needed first.

    All methods may be called from any thread.

    :param open_reader: loads a network by the name of its checkpoint
    """

    def __init__(self, open_reader: Callable[[str], DigitReader] | None = None) -> None:
        self._open = open_reader or (lambda model: DigitReader.open(model, RUN_OPTIONS))
        self._lock = threading.Lock()
        self._using = threading.Lock()
        self._readers: Mapping[str, DigitReader] = {}
        self._lines: DigitPipeline | None = None
        self._loading: threading.Thread | None = None
        self._problem, self._failed_s = '', 0.0

    def request(self) -> str:
        """
        Begin to load the networks, unless they are loaded; returns at once.

        :returns: what one has to wait for, in words; empty if they can be used
        """
        with self._lock:
            if self._readers:
                return ''
            if self._loading is not None:
                return LOADING
            if self._problem and time.monotonic() - self._failed_s < RETRY_S:
                return self._problem
            self._loading = threading.Thread(target=self._load, name='load digits', daemon=True)
            self._loading.start()
            return LOADING

    def wait(self, timeout_s: float) -> bool:
        """Load the networks, and wait for them; :returns: whether they can be used."""
        self.request()
        loading = self._loading
        if loading is not None:
            loading.join(timeout_s)
        return bool(self._readers)

    def descriptions(self) -> dict[str, str]:
        """Describe each network that is loaded in a sentence."""
        readers = self._readers
        return {
            one.name: one.describe(readers[one.name]) for one in NETWORKS if one.name in readers
        }

    def read(self, drawing: Drawing) -> PadReading:
        """
        Read all ink of a drawing as one digit.

        :raises NotReadyError: if the networks are not loaded
        :raises RuntimeError: if they cannot be run
        """
        if is_empty(drawing):
            return PadReading(None, message=NOTHING)
        readers = self._ready()
        began_s = time.perf_counter()
        picture = to_digit(drawing)
        prepare_ms = (time.perf_counter() - began_s) * 1e3
        with self._using:
            scores = tuple(_scores(name, reader, picture) for name, reader in readers.items())
        message = SEVERAL if self._has_several(drawing) else ''
        return PadReading(picture, scores, prepare_ms, message)

    def read_lines(self, drawing: Drawing) -> LinesReading:
        """
        Find and read the digits of a drawing.

        :raises NotReadyError: if the networks are not loaded
        :raises RuntimeError: if they cannot be run
        """
        if is_empty(drawing):
            return LinesReading(None, message=NOTHING)
        self._ready()
        assert self._lines is not None
        began_s = time.perf_counter()
        with self._using:
            (reading,) = self._lines.process([Frame(to_page(drawing))])
        time_ms = (time.perf_counter() - began_s) * 1e3
        return LinesReading(reading, time_ms, '' if reading.digits else NO_LINES)

    def _has_several(self, drawing: Drawing) -> bool:
        """Ask the digit reader, but only if the ink is in several pieces."""
        if count_parts(drawing) < 2:
            return False
        reading = self.read_lines(drawing).reading
        return reading is not None and len(reading.digits) > 1

    def _ready(self) -> Mapping[str, DigitReader]:
        waiting = self.request()
        if waiting:
            raise NotReadyError(waiting)
        return self._readers

    def _load(self) -> None:
        readers: dict[str, DigitReader] = {}
        problem = ''
        try:
            for network in NETWORKS:
                readers[network.name] = self._open(network.model)
                readers[network.name].model.warm_up()
        except (OSError, ValueError, RuntimeError) as error:
            LOG.warning('the digit networks cannot be loaded: %s', error)
            problem = f'The network cannot be loaded: {error}.'
            for reader in readers.values():
                reader.close()
            readers = {}
        with self._lock:
            if readers:
                # The drawing is dark on white here, see to_page.
                self._lines = DigitPipeline(readers[CNN.name], DigitOptions(ink='dark'))
            self._readers = readers
            self._problem, self._failed_s = problem, time.monotonic()
            self._loading = None


def _scores(name: str, reader: DigitReader, picture: Patches) -> NetworkScores:
    began_s = time.perf_counter()
    scores = reader.classify(picture[None])[0]
    time_ms = (time.perf_counter() - began_s) * 1e3
    return NetworkScores(name, tuple(float(score) for score in scores), time_ms)
