"""Fine-tuning in the process of the page, on the dataset and the model store of this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
import math
from pathlib import Path
import time
from typing import Any

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.core.files.folders import folder_of
from nn_perception.core.quoting import quoted
from nn_perception.studio.backend.fine_tuning import (
    FineTuningState,
    FramePage,
    ModelVersion,
    StoredFrame,
)
from nn_perception.studio.local.fine_tuning_job import LocalJob
from nn_perception.studio.local.open_dataset import DatasetPlace, OpenDataset
from nn_perception.studio.local.recorded_sources import RecordedSources, SourceRecording
from nn_perception.training.datasets.embeddings import Embedder
from nn_perception.training.datasets.left_out import as_text
from nn_perception.training.datasets.media.medium import Words
from nn_perception.training.datasets.transfer import import_zip, ImportResult
from nn_perception.training.fine_tuning.job import FineTuningJob
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from nn_perception.training.model_store.relabel import StoredModel
from nn_perception.training.model_store.store import ModelStore
from nn_perception.training.model_store.version import Version

MAX_FRAMES = 1000
STORE_TIMEOUT_S = 60.0
LIST_PERIOD_S = 2.0


@dataclass(frozen=True)
class LocalFineTuningOptions:
    """
    What is taught, and where it is stored.

    :param datasets: folder of all datasets
    :param dataset: name of the dataset
    :param quota_bytes: maximum size of the dataset; 0 for no limit
    :param models: folder of the model store
    :param model: name of the fine-tuned model
    :param store_limit: maximum number of versions; 0 for no limit
    :param base: network that is fine-tuned
    """

    datasets: Path = field(default_factory=lambda: folder_of('datasets'))
    dataset: str = 'default'
    quota_bytes: int = 2_000_000_000
    models: Path = field(default_factory=lambda: folder_of('models'))
    model: str = 'taught'
    store_limit: int = 10
    base: str = DEFAULT_MODEL


class LocalFineTuning:
    """
    The dataset, the fine-tuning job and the versions of a model on this machine.

    :param sources: what can be recorded, cameras for example
    :param options: what is taught, and where it is stored
    """

    def __init__(
        self,
        sources: RecordedSources,
        options: LocalFineTuningOptions | None = None,
    ) -> None:
        self._options = options or LocalFineTuningOptions()
        self._sources = sources
        self._camera = ''
        self._listed: tuple[float, dict[str, str]] = -math.inf, {}
        o = self._options
        self._store = ModelStore(o.models)
        self._model = StoredModel(self._store, o.model, o.store_limit)
        place = DatasetPlace(
            o.datasets.expanduser().absolute(), o.dataset, o.quota_bytes, sources.medium
        )
        self._dataset = OpenDataset(place, partial(Embedder.open, o.base))
        self._job = LocalJob(on_new_version=lambda: None)
        self._recording: SourceRecording | None = None
        self._notice = ''

    def close(self) -> None:
        """Cancel the job, finish what is being stored, and let other processes write."""
        self._job.close()
        if self._recording is not None:
            self._recording.close()
        self._dataset.close()

    def state(self) -> FineTuningState:
        """Describe the dataset and the job; answers from memory, at once."""
        o, dataset = self._options, self._dataset
        self._notice = dataset.take_problem() or self._notice
        return FineTuningState(
            reason=dataset.reason,
            notice=self._notice,
            dataset=o.dataset,
            counts=dataset.counts(),
            recording=dataset.recording,
            camera=self._chosen_camera(),
            cameras=self._choices(),
            size_bytes=dataset.index.size_bytes,
            model=o.model,
            base=o.base,
            active_version=self._active_name(),
            job=self._job.state,
        )

    # The dataset.

    def use_camera(self, camera: str) -> None:
        """Record another camera, or microphone, from now on; a recording ends."""
        if camera not in {one.id for one in self._sources.list()}:
            raise ValueError(f'there is no {self._sources.called} {quoted(camera)}')
        self.stop_recording()
        self._camera = camera

    def record(self, label: str, rate_hz: float) -> None:
        """Store what the camera, or microphone, delivers under a label."""
        recorder = self._dataset.recorder
        if self._recording is None:
            self._recording = self._sources.recording(recorder)
        camera = self._chosen_camera()
        if not camera:
            raise ValueError(f'there is no {self._sources.called} to record')
        self._notice = ''
        self._recording.start(camera, label, rate_hz)

    def stop_recording(self) -> None:
        """End the recording; what it has stored stays."""
        if self._recording is not None:
            self._recording.stop()

    def add_frame(self, picture: bytes, label: str, stamp_ns: int = 0, recording: str = '') -> str:
        """Store a picture, or a sound; :returns: the id of the frame, or of the first clip."""
        decode = partial(self._sources.decode, picture)
        added = self._dataset.recorder.add(decode, label, stamp_ns, 'page', recording)
        return added.result(STORE_TIMEOUT_S)[0][0].id

    def import_zip(self, path: Path, label: str = '') -> str:
        """Store the files of a zip file; :returns: what was stored and left out, in words."""
        result = import_zip(self._dataset.recorder.dataset, path, label)
        return in_words(result, self._sources.medium.words)

    def frames(self, label: str, offset: int, limit: int) -> FramePage:
        """List frames of a label, or of all if it is empty, the newest first."""
        page = self._dataset.index.newest(label, max(0, offset), min(max(0, limit), MAX_FRAMES))
        found = tuple(
            StoredFrame(one.id, one.label, one.stamp_ns, one.sha256, one.recording)
            for one in page.frames
        )
        return FramePage(page.total, found)

    def picture(self, frame: str, max_size_px: int = 0) -> bytes:
        """Return the picture of a frame, or the sound of a clip."""
        found = self._dataset.index.by_id(frame)
        try:
            content = found.path.read_bytes()
        except FileNotFoundError as error:
            item = self._sources.medium.words.item
            raise ValueError(f'there is no {item} {quoted(frame)} any more') from error
        return self._sources.preview(content, max_size_px) if max_size_px else content

    def rename_label(self, label: str, new_label: str) -> int:
        """Rename a label, also in the active version; :returns: number of frames."""
        if self._job.state.running:
            raise ValueError('a training runs; rename the label after its end')
        renamed = self._dataset.recorder.rename_label(self._model, label, new_label)
        return renamed.result(STORE_TIMEOUT_S).frames

    def delete_label(self, label: str) -> int:
        """Delete all frames of a label; :returns: their number."""
        self._notice = ''
        deleted = self._dataset.recorder.delete(label, newest_only=False)
        return deleted.result(STORE_TIMEOUT_S)

    def delete_frames(self, frames: Sequence[str]) -> int:
        """Delete frames; :returns: their number."""
        self._notice = ''
        return self._dataset.recorder.delete_frames(frames, '').result(STORE_TIMEOUT_S)

    def dataset_folder(self) -> Path:
        """Return the folder of the dataset."""
        return self._dataset.place.folder

    # The job.

    def start_job(self, settings: FineTuneSettings) -> None:
        """Start to fine-tune on the frames."""
        o = self._options
        self._job.start(
            FineTuningJob(
                dataset=self.dataset_folder(),
                store=self._store.root,
                name=o.model,
                base=o.base,
                settings=settings,
                store_limit=o.store_limit,
            )
        )

    def cancel_job(self) -> None:
        """Cancel the job; nothing of it remains."""
        self._job.cancel()

    # The versions.

    def versions(self) -> Sequence[ModelVersion]:
        """List the versions, newest first."""
        return tuple(
            ModelVersion(one.version, one.trained_at_ns, one.labels, one.accuracy, one.active)
            for one in self._store.versions(self._options.model)
        )

    def report(self, version: str) -> Mapping[str, Any]:
        """Return the report of the training of a version."""
        report: Mapping[str, Any] = self._version(version).report()
        return report

    def checkpoint(self, version: str) -> Path:
        """Return the checkpoint file of a version."""
        return self._version(version).checkpoint

    def activate(self, version: str) -> None:
        """Let the taggers run a version."""
        self._store.activate(self._options.model, version)

    def roll_back(self) -> str:
        """Activate the version that was active before; :returns: its name."""
        return self._store.roll_back(self._options.model).version

    def _version(self, version: str) -> Version:
        for found in self._store.versions(self._options.model):
            if found.version == version:
                return found
        raise ValueError(f'there is no version {quoted(version)}')

    def _active_name(self) -> str:
        try:
            return self._store.active_name(self._options.model) or ''
        except ValueError:
            return ''

    def _choices(self) -> dict[str, str]:
        """List the sources, and not too often: many pages may ask."""
        listed_s, found = self._listed
        if time.monotonic() - listed_s > LIST_PERIOD_S:
            found = {one.id: one.title for one in self._sources.list()}
            self._listed = time.monotonic(), found
        return found

    def _chosen_camera(self) -> str:
        """Return the chosen source while it exists, else the first one."""
        found = self._choices()
        return self._camera if self._camera in found else next(iter(found), '')


def in_words(result: ImportResult, words: Words) -> str:
    """Say what an import has stored and left out."""
    first = f'{words.count_files(result.stored)} stored'
    if result.present:
        first += f', {result.present} already there'
    return as_text([first, *result.problems])
