"""A fine-tuning job: from labelled frames to a version in the model store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
import json
from pathlib import Path
from typing import Any

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.core.files.names import checked_name
from nn_perception.core.files.scratch import scratch_folder
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint, is_path
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.datasets.checks import UnusableFramesError
from nn_perception.training.datasets.labelled_frames import Listing, medium_in, read_frames
from nn_perception.training.datasets.left_out import as_text, shortened
from nn_perception.training.datasets.media.detection import medium_of
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.fine_tuning.fine_tune import fine_tune, Progress
from nn_perception.training.fine_tuning.result import FineTunedModel, measure
from nn_perception.training.fine_tuning.settings import DEFAULT_SETTINGS, FineTuneSettings
from nn_perception.training.model_store.limit import limit_versions
from nn_perception.training.model_store.store import ModelStore
from nn_perception.training.model_store.version import CHECKPOINT, PLOTS, Version
from nn_perception.training.plots import draw_report


@dataclass(frozen=True)
class JobResult:
    """
    The result of a fine-tuning job.

    :param version: name of the new version
    :param checkpoint: its file
    :param labels: its labels
    :param activated: whether it is the active version now
    :param message: both in words, what was left out of the frames, and their problems
    :param report: report of the training
    """

    version: str
    checkpoint: Path
    labels: tuple[str, ...]
    activated: bool
    message: str
    report: dict[str, Any]


@dataclass(frozen=True)
class FineTuningJob:
    """
    What is trained, and where the result goes.

    :param dataset: folder of labelled frames
    :param store: folder of the model store
    :param name: name of the model in the store
    :param base: network to start from
    :param settings: settings of the training
    :param activate: make the new version active even if it is worse than the active one
    :param store_limit: maximum number of versions in the store; 0 for no limit. The new version,
        the active one and the one that was active before it stay in any case
    """

    dataset: Path
    store: Path
    name: str
    base: str = DEFAULT_MODEL
    settings: FineTuneSettings = DEFAULT_SETTINGS
    activate: bool = False
    store_limit: int = 0

    def with_absolute_paths(self) -> FineTuningJob:
        """Describe the same job for a process with another current folder."""
        base = Path(self.base).expanduser()
        return replace(
            self,
            dataset=self.dataset.absolute(),
            store=self.store.absolute(),
            base=str(base.absolute()) if is_path(self.base) else self.base,
        )

    def to_json(self) -> str:
        """Return the job as one line."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, line: str) -> FineTuningJob:
        """Parse the result of :meth:`to_json`."""
        values = json.loads(line)
        values['settings'] = FineTuneSettings(**values['settings'])
        values['dataset'], values['store'] = Path(values['dataset']), Path(values['store'])
        return cls(**values)

    def run(
        self,
        on_progress: Callable[[Progress], None] = lambda _: None,
        before_storing: Callable[[], None] = lambda: None,
    ) -> JobResult:
        """
        Train, store the result, and activate it unless the active version is better.

        :param before_storing: called when the training is complete and nothing has changed yet;
            may raise, or not return, to prevent any change
        :raises OSError: if frames cannot be read, or the store cannot be written
        :raises ValueError: if the frames cannot be trained on, or the name is not allowed; the
            error also says what was left out of the frames
        :raises RuntimeError: if the network cannot be run
        :raises ArithmeticError: if the training diverges
        """
        store, medium = ModelStore(self.store), self._checked_medium()
        listing = read_frames(self.dataset, medium)
        model = self._fine_tune(listing, on_progress)
        active = _active_version(store, self.name)
        active_accuracy = measure(active.checkpoint, model.held_out) if active else None
        warnings = [*listing.left_out, *model.report['warnings']]
        report = model.report | {'accuracy_of_the_active_one': active_accuracy}
        report['warnings'] = warnings.copy()
        with scratch_folder() as folder:
            path = _write(model, folder)
            before_storing()
            version = store.add(self.name, path, report, listing.sha256)
        worse = active_accuracy is not None and report['accuracy'] < active_accuracy
        activated = self.activate or not worse
        if activated:
            store.activate(self.name, version.version)
        described = _describe(model, (active, active_accuracy), activated=activated)
        warnings += _draw_plots(model, version)  # last, since nobody waits for them
        warnings += limit_versions(store, self.name, self.store_limit)
        message = as_text([described, *shortened(warnings)])
        return JobResult(
            version.version, version.checkpoint, version.labels, activated, message, report
        )

    def _checked_medium(self) -> Medium:
        """Check that frames, network and model are all of one medium, before time is spent."""
        checked_name(self.name, 'model', spaces=False)
        medium = medium_of(find_checkpoint(self.base))
        active = _active_version(ModelStore(self.store), self.name)
        if (found := medium_in(self.dataset)) not in (None, medium):
            raise ValueError(
                f'{self.dataset} holds {found.words.files}, and {self.base} is a network for '
                f'{medium.words.files}; choose another network'
            )
        if active is not None and medium_of(Checkpoint.read(active.checkpoint)) is not medium:
            raise ValueError(
                f'the versions of {self.name} are not for {medium.words.files}; choose another '
                'name for the model'
            )
        return medium

    def _fine_tune(
        self, listing: Listing, on_progress: Callable[[Progress], None]
    ) -> FineTunedModel:
        """Fine-tune, and say what is left out before that and when it fails."""
        if listing.left_out:
            on_progress(Progress('frames', 0.0, warnings=listing.left_out))
        try:
            return fine_tune(listing.frames, self.base, self.settings, on_progress=on_progress)
        except UnusableFramesError as error:
            left_out = (*listing.left_out, *error.left_out)
            raise UnusableFramesError(error.reason, left_out) from error


def _active_version(store: ModelStore, name: str) -> Version | None:
    """Read the active version; a damaged one must not prevent a new one."""
    try:
        return store.active(name)
    except ValueError:
        return None


def _write(model: FineTunedModel, folder: Path) -> Path:
    """Write the checkpoint; export a new backbone now, so that no tagger waits for it."""
    path = folder / CHECKPOINT
    model.write(path)
    if model.history:  # else the backbone is that of the base
        backbone = Checkpoint.read(path).without_head()
        LoadedModel.open(backbone, RunOptions(device='cpu')).close()
    return path


def _draw_plots(model: FineTunedModel, version: Version) -> list[str]:
    """Draw the plots of the report; return why there are none, since nothing needs them."""
    try:
        items = medium_of(model.base).words.items
        draw_report(version.folder / PLOTS, model.evaluation, model.history, items)
    except (OSError, ImportError, RuntimeError, ValueError) as error:  # a font, for example
        return [f'the report has no plots: {error}']
    return []


def _describe(
    model: FineTunedModel,
    before: tuple[Version | None, float | None],
    *,
    activated: bool,
) -> str:
    active, active_accuracy = before
    held_out = f'{len(model.held_out)} held-out {medium_of(model.base).words.items}'
    accuracy = f'{model.report["accuracy"]:.1%} of {held_out} are right'
    if active is None or active_accuracy is None:
        return f'{accuracy}; the new version is active.'
    compared = f'{accuracy}, with the active version {active.version} {active_accuracy:.1%}'
    if activated:
        return f'{compared}; the new version is active.'
    return f'{compared}; the new version is worse and was not activated.'
