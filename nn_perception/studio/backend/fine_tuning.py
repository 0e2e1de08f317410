"""The dataset, the fine-tuning job and the versions of a model, as the page sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nn_perception.training.fine_tuning.settings import FineTuneSettings


@dataclass(frozen=True)
class StoredFrame:
    """
    A labelled frame of the dataset.

    :param id: identifies it within the dataset
    :param label: what it shows
    :param stamp_ns: time of capture in nanoseconds; 0 if unknown
    :param sha256: hash of the stored picture
    :param recording: which recording a clip is from; empty if unknown
    """

    id: str
    label: str
    stamp_ns: int
    sha256: str
    recording: str = ''


@dataclass(frozen=True)
class FramePage:
    """
    A part of a list of frames.

    :param total: number of frames of the whole list
    :param frames: those of this part, the newest first
    """

    total: int
    frames: tuple[StoredFrame, ...]


@dataclass(frozen=True)
class JobState:
    """
    The fine-tuning job that runs, or ran last.

    :param running: whether it runs
    :param stage: see :class:`nn_perception.training.fine_tuning.fine_tune.Progress`
    :param progress: finished share, in ``[0, 1]``
    :param history: an object for each epoch: ``train_loss``, ``validation_loss``,
        ``train_accuracy`` and ``validation_accuracy``
    :param succeeded: whether it ended with a new version
    :param message: the result or the reason of a failure, in words
    :param version: the new version; empty if there is none
    """

    running: bool = False
    stage: str = ''
    progress: float = 0.0
    history: tuple[Mapping[str, float], ...] = ()
    succeeded: bool = False
    message: str = ''
    version: str = ''


@dataclass(frozen=True)
class ModelVersion:
    """
    A version of the fine-tuned model.

    :param version: its name
    :param trained_at_ns: nanoseconds since 1970
    :param labels: that it predicts
    :param accuracy: on held-out frames, in ``[0, 1]``; None if unknown
    :param active: whether taggers run it
    """

    version: str
    trained_at_ns: int
    labels: tuple[str, ...]
    accuracy: float | None
    active: bool


@dataclass(frozen=True)
class FineTuningState:
    """
    The dataset and the job, for a page that shows them once or twice a second.

    :param reason: why nothing can be stored or trained now, in words; empty if it can
    :param cameras: id -> title of the cameras that can be chosen; empty if it is fixed
    :param notice: why a recording ended by itself, in words; empty if none did
    :param dataset: name of the dataset
    :param counts: label -> number of frames
    :param recording: label that is being recorded; empty if none is
    :param camera: id of the camera that is recorded; empty if there is none
    :param size_bytes: of all pictures together
    :param model: name of the fine-tuned model; a tagger runs it as ``store:NAME``
    :param base: network that is fine-tuned
    :param active_version: empty if there is none
    :param job: the job that runs, or ran last
    """

    reason: str = ''
    dataset: str = ''
    counts: Mapping[str, int] = field(default_factory=dict)
    recording: str = ''
    camera: str = ''
    size_bytes: int = 0
    model: str = ''
    base: str = ''
    active_version: str = ''
    job: JobState = JobState()
    notice: str = ''
    cameras: Mapping[str, str] = field(default_factory=dict)


class FineTuning(Protocol):
    """The dataset of labelled frames, the fine-tuning job, and the versions of the model."""

    def state(self) -> FineTuningState:
        """Describe the dataset and the job; answers from memory, at once."""

    def use_camera(self, camera: str) -> None:
        """Record another camera from now on, one of :attr:`FineTuningState.cameras`."""

    def record(self, label: str, rate_hz: float) -> None:
        """Store the images of the camera :attr:`FineTuningState.camera` under a label."""

    def stop_recording(self) -> None:
        """End the recording; what it has stored stays."""

    def add_frame(self, picture: bytes, label: str, stamp_ns: int = 0, recording: str = '') -> str:
        """
        Store a picture: JPEG, PNG or another common format.

        :param recording: names the recording that a sound is a part of; empty for pictures
        :returns: the id of the frame
        """

    def import_zip(self, path: Path, label: str = '') -> str:
        """
        Store the pictures of a zip file; :returns: what was stored and left out, in words.

        :param label: of all pictures; empty: their folders name their labels
        """

    def frames(self, label: str, offset: int, limit: int) -> FramePage:
        """List frames of a label, or of all if it is empty, the newest first."""

    def picture(self, frame: str, max_size_px: int = 0) -> bytes:
        """
        Return the picture of a frame.

        :param max_size_px: larger ones are reduced, and are JPEG then; 0: as it is stored
        """

    def rename_label(self, label: str, new_label: str) -> int:
        """Rename a label, also in the active version; :returns: number of frames."""

    def delete_label(self, label: str) -> int:
        """Delete all frames of a label; :returns: their number."""

    def delete_frames(self, frames: Sequence[str]) -> int:
        """Delete frames; :returns: their number."""

    def start_job(self, settings: FineTuneSettings) -> None:
        """Start to fine-tune on the frames; :meth:`state` shows how it goes."""

    def cancel_job(self) -> None:
        """Cancel the job; nothing of it remains."""

    def versions(self) -> Sequence[ModelVersion]:
        """List the versions, newest first."""

    def report(self, version: str) -> Mapping[str, Any]:
        """Return the report of the training of a version, see ``docs/fine_tuning.md``."""

    def checkpoint(self, version: str) -> Path:
        """Return the checkpoint file of a version."""

    def dataset_folder(self) -> Path:
        """Return the folder of the dataset."""

    def activate(self, version: str) -> None:
        """Let the taggers run a version."""

    def roll_back(self) -> str:
        """Activate the version that was active before; :returns: its name."""
