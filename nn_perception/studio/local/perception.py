"""The networks in the process of the page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
import logging
import threading
from typing import Any

from nn_perception.capabilities.digits.defaults import DEFAULT_DIGIT_MODEL
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.digits.pipeline import DigitOptions, DigitPipeline
from nn_perception.capabilities.poses.pipeline import PoseOptions, PosePipeline
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.capabilities.tagging.pipeline import TaggingOptions, TaggingPipeline
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.files.folders import folder_of
from nn_perception.core.frame import Frame
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.studio.backend.cameras import CameraResult
from nn_perception.studio.backend.capabilities import (
    CAPABILITIES,
    CapabilityStatus,
    DIGITS,
    POSES,
    TAGS,
)
from nn_perception.studio.local.caretaker import Caretaker
from nn_perception.studio.local.network import Network
from nn_perception.studio.local.network_settings import changed, settings_of
from nn_perception.studio.local.result_values import VALUES
from nn_perception.training.model_store.model_follower import ModelFollower
from nn_perception.training.model_store.store import ModelStore, STORE_PREFIX
from nn_perception.training.model_store.store_pipeline import StorePipeline

LOG = logging.getLogger(__name__)

# Three networks share the process with the page.
SMALL = RunOptions(keep_buffers=False)
NODES = {TAGS: 'tagger', DIGITS: 'digit_reader', POSES: 'pose_estimator'}


@dataclass(frozen=True)
class NetworkChoice:
    """
    Which networks are used, and how they are run.

    :param tag_model: a model by name or file, or ``store:NAME`` for the active version of a
        fine-tuned model
    :param digit_model: a digit model by name or file
    :param pose_preset: see :meth:`PoseEstimator.open`
    :param store_folder: folder of the model store; empty: ``models`` in the data folder
    :param run_options: how the networks are run
    """

    tag_model: str = DEFAULT_MODEL
    digit_model: str = DEFAULT_DIGIT_MODEL
    pose_preset: str = 'fast'
    store_folder: str = ''
    run_options: RunOptions = SMALL


class Perception:
    """
    The networks in the process of the page; implements
    :class:`~nn_perception.studio.backend.capabilities.Capabilities`.

    A network is loaded when the first image needs it, and closed when nobody used it for a minute.
    All methods may be called from any thread.

    :param choice: which networks are used
    """

    def __init__(self, choice: NetworkChoice = NetworkChoice()) -> None:
        self._choice = choice
        self._networks = {
            TAGS: Network(self._open_tags, TaggingOptions()),
            DIGITS: Network(self._open_digits, DigitOptions()),
            POSES: Network(self._open_poses, PoseOptions()),
        }
        self._disabled: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._caretaker = Caretaker(tuple(self._networks.values()))

    def process(
        self,
        frame: Frame,
        capabilities: Collection[str],
        stamp_ns: int | None = None,
        wait_s: float = 0.0,
    ) -> list[CameraResult]:
        """
        Find what is in an image; networks that are not loaded yet find nothing.

        :param frame: the frames of a source come in their order
        :param capabilities: whose results are wanted
        :param stamp_ns: of the results; None: that of the frame
        :param wait_s: so long it waits for a network that is being loaded
        """
        return list(self.results(frame, capabilities, stamp_ns, wait_s))

    def results(
        self,
        frame: Frame,
        capabilities: Collection[str],
        stamp_ns: int | None = None,
        wait_s: float = 0.0,
    ) -> Iterator[CameraResult]:
        """Yield the results of :meth:`process` one by one, as soon as they are there."""
        stamp_ns = round(frame.stamp_s * 1e9) if stamp_ns is None else stamp_ns
        for capability in CAPABILITIES:
            if capability not in capabilities or capability in self._disabled:
                continue
            self.request(capability)
            network = self._networks[capability]
            if wait_s:
                network.wait(wait_s)
            try:
                found = network.process(frame)
            except (ValueError, RuntimeError) as error:
                LOG.warning('%s: %s', capability, error)
                continue
            if found is not None:
                values = VALUES[capability](found[0], frame.source)
                yield CameraResult(capability, stamp_ns, values, round(found[1], 3))

    def request(self, capability: str) -> None:
        """Begin to load the network of a capability; returns at once."""
        if capability in self._disabled:
            return
        self._networks[capability].request()
        self._caretaker.start()

    def ready(self, capability: str) -> bool:
        """Whether the network of a capability can process images at once."""
        return self._networks[capability].is_ready

    def message(self, capability: str) -> str:
        """Say what keeps the network of a capability from finding something; empty: nothing."""
        if capability in self._disabled:
            return 'switched off'
        return self._networks[capability].message

    def forget(self, source: str) -> None:
        """Forget the people and averages of a source, which ends or begins anew."""
        for network in self._networks.values():
            network.forget(source)

    def status(self) -> Sequence[CapabilityStatus]:
        """Describe each network."""
        return [
            CapabilityStatus(
                capability,
                NODES[capability],
                capability not in self._disabled,
                self.message(capability),
                network.values(),
                settings_of(capability, network.options),
            )
            for capability, network in self._networks.items()
        ]

    def set_enabled(self, capability: str, enabled: bool) -> None:
        """
        Let a network process images, or not.

        :raises ValueError: if there is no such capability
        """
        self._network(capability)
        with self._lock:
            others = self._disabled - {capability}
            self._disabled = others if enabled else others | {capability}

    def change(self, capability: str, setting: str, value: float) -> None:
        """
        Change a setting of a network, for everybody who uses it.

        :raises ValueError: if there is no such capability or setting, or the value is out of range
        """
        network = self._network(capability)
        with self._lock:
            network.set_options(changed(capability, network.options, setting, value))

    def close(self) -> None:
        """Free the memory of all networks."""
        self._caretaker.close()

    def _network(self, capability: str) -> Network:
        if capability not in self._networks:
            known = ', '.join(CAPABILITIES)
            raise ValueError(f'there is no capability {capability!r}; there are {known}')
        return self._networks[capability]

    def _open_tags(self, options: Any) -> TaggingPipeline:
        choice = self._choice
        open_tagger = partial(Tagger.open, options=choice.run_options)
        if not choice.tag_model.startswith(STORE_PREFIX):
            return TaggingPipeline(open_tagger(choice.tag_model), options)
        store = ModelStore(folder_of('models', choice.store_folder))
        follower = ModelFollower(store, choice.tag_model.removeprefix(STORE_PREFIX), open_tagger)
        # Until a version is active, the default model serves.
        tagger = follower.load() or open_tagger(DEFAULT_MODEL)
        return StorePipeline(follower, tagger, options, lambda: LOG.info('new version'))

    def _open_digits(self, options: Any) -> DigitPipeline:
        choice = self._choice
        return DigitPipeline(DigitReader.open(choice.digit_model, choice.run_options), options)

    def _open_poses(self, options: Any) -> PosePipeline:
        choice = self._choice
        return PosePipeline(PoseEstimator.open(choice.pose_preset, choice.run_options), options)
