"""The network for sounds in the process of the page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
import logging
import threading
import time
from typing import Any

from nn_perception.capabilities.json_fields import tag_fields
from nn_perception.capabilities.sounds.defaults import DEFAULT_SOUND_MODEL, WINDOW_OVERLAP
from nn_perception.capabilities.sounds.pipeline import SoundOptions, SoundPipeline
from nn_perception.capabilities.sounds.pipeline import SoundResult as Heard
from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.capabilities.sounds.voice_detector import VoiceDetector
from nn_perception.capabilities.sounds.windows import WindowBuffer
from nn_perception.core.audio.samples import SoundWindow
from nn_perception.core.files.folders import folder_of
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.studio.backend.capabilities import CapabilityStatus, SOUNDS
from nn_perception.studio.backend.sounds import SoundResult
from nn_perception.studio.local.caretaker import Caretaker
from nn_perception.studio.local.network import Network
from nn_perception.studio.local.network_settings import changed, settings_of
from nn_perception.training.model_store.model_follower import ModelFollower
from nn_perception.training.model_store.store import ModelStore, STORE_PREFIX
from nn_perception.training.model_store.store_sound_pipeline import StoreSoundPipeline
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

NODE = 'sound_tagger'
# Name of the dataset, and of the model that is fine-tuned on it.
TAUGHT_SOUNDS = 'sounds'
# The network shares the process with the page.
SMALL = RunOptions(keep_buffers=False)


@dataclass(frozen=True)
class HearingChoice:
    """
    Which network for sounds is used, and how it is run.

    :param model: a model by name or file, or ``store:NAME`` for the active version of a fine-tuned
        model
    :param store_folder: folder of the model store; empty: ``models`` in the data folder
    :param run_options: how the network is run
    """

    model: str = f'{STORE_PREFIX}{TAUGHT_SOUNDS}'
    store_folder: str = ''
    run_options: RunOptions = SMALL


@dataclass(frozen=True)
class HearingOptions(SoundOptions):
    """
    What the network makes of a stream.

    :param overlap: share of a window that the next one repeats
    """

    overlap: float = WINDOW_OVERLAP


class Hearing:
    """
    The network for sounds in the process of the page.

    It is loaded when the first stream needs it, and closed when nobody used it for a minute. All
    methods may be called from any thread.

    :param choice: which network is used
    """

    def __init__(self, choice: HearingChoice = HearingChoice()) -> None:
        self._choice = choice
        self._network = Network(self._open, HearingOptions())
        self._caretaker = Caretaker((self._network,))
        self._lock = threading.Lock()

    @property
    def options(self) -> HearingOptions:
        """What the network makes of a stream."""
        options: HearingOptions = self._network.options
        return options

    @property
    def message(self) -> str:
        """What keeps the network from hearing; empty if nothing does."""
        if self._network.message:
            return self._network.message
        pipeline = self._network.pipeline
        return pipeline.problem if isinstance(pipeline, StoreSoundPipeline) else ''

    def open_stream(self, name: str) -> HearingStream:
        """
        Begin to load the network, and open a stream.

        :param name: no other open stream has it
        """
        self.request()
        return HearingStream(self, name)

    def request(self) -> None:
        """Begin to load the network; returns at once."""
        self._network.request()
        self._caretaker.start()

    def hear(self, window: SoundWindow) -> SoundResult | None:
        """
        Hear a window of a stream.

        :returns: None while the network is being loaded
        :raises ValueError: if the window is no sound
        :raises RuntimeError: if the network cannot be run
        """
        self.request()
        found = self._network.process(window)
        if found is None:
            return None
        heard, took_ms = found
        return SoundResult(round(window.stamp_s * 1e9), sound_values(heard), round(took_ms, 3))

    def forget(self, stream: str) -> None:
        """Forget the averages of a stream."""
        self._network.forget(stream)

    def status(self) -> CapabilityStatus:
        """Describe the network."""
        settings = settings_of(SOUNDS, self.options)
        return CapabilityStatus(SOUNDS, NODE, True, self.message, self._network.values(), settings)

    def change(self, setting: str, value: float) -> None:
        """
        Change a setting, for everybody who uses the network.

        :raises ValueError: if there is no such setting, or the value is out of range
        """
        with self._lock:
            self._network.set_options(changed(SOUNDS, self.options, setting, value))

    def close(self) -> None:
        """Free the memory of the network, for good."""
        self._caretaker.close()

    def _open(self, options: HearingOptions) -> SoundPipeline:
        choice = self._choice
        open_tagger = partial(SoundTagger.open, options=choice.run_options)
        voice = VoiceDetector.open()
        if not choice.model.startswith(STORE_PREFIX):
            return SoundPipeline(open_tagger(choice.model), options, voice)
        store = ModelStore(folder_of('models', choice.store_folder))
        name = choice.model.removeprefix(STORE_PREFIX)
        follower: ModelFollower[SoundTagger] = ModelFollower(store, name, open_tagger)
        # Until a version is active, the default model serves.
        tagger = follower.load() or open_tagger(DEFAULT_SOUND_MODEL)
        return StoreSoundPipeline(follower, tagger, options, voice)


class HearingStream:
    """
    A microphone whose sound comes in blocks, and is heard as it comes.

    :param hearing: has the network
    :param name: of the stream
    """

    def __init__(self, hearing: Hearing, name: str) -> None:
        self._hearing = hearing
        self._name = name
        self._windows = WindowBuffer(hearing.options.overlap, name)
        self._restarts = 0
        self._begun = False

    @property
    def message(self) -> str:
        """What keeps the network from hearing; empty if nothing does."""
        return self._hearing.message

    def feed(self, samples: NDArray[np.int16], stamp_ns: int | None = None) -> list[SoundResult]:
        """
        Hear a block; one that does not begin where the previous one ended begins anew.

        :param samples: int16, ``(S,)``, one channel, 16 kHz
        :param stamp_ns: capture time of the first sample in nanoseconds; None: where the previous
            block ended, and now for the first
        :returns: of the windows that are complete with it; none while the network is being loaded
        :raises ValueError: if the samples are no sound
        """
        windows = self._windows
        windows.overlap = self._hearing.options.overlap
        if stamp_ns is None:
            stamp_ns = 0 if self._begun else time.time_ns()
        complete = windows.add(samples, stamp_ns * 1e-9)
        self._begun = True
        if windows.restarts != self._restarts:
            self._restarts = windows.restarts
            self._hearing.forget(self._name)
        results = []
        try:
            for window in complete:
                result = self._hearing.hear(window)
                if result is not None:
                    results.append(result)
        except RuntimeError as error:
            LOG.warning('sounds: %s', error)
        return results

    def close(self) -> None:
        """Forget the stream."""
        self._hearing.forget(self._name)


def sound_values(heard: Heard) -> dict[str, Any]:
    """Return what was heard as the page gets it."""
    speech = None if heard.speech is None else round(heard.speech, 4)
    return {**tag_fields(heard.tags), 'level_db': round(heard.level_db, 1), 'speech': speech}
