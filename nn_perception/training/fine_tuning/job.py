"""
A lesson: from labelled frames to a version in the store, active if it is no worse.

``python -m nn_perception.training.fine_tuning.job`` reads one from standard input, a line of JSON, and
writes lines of JSON to standard output: how far it is, and last what came of it. A node runs it as
a process of its own, so that teaching takes little from perception, can be ended at any moment,
and costs nothing when it crashes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import contextlib
import ctypes
from dataclasses import asdict, dataclass, field
import json
import math
import os
from pathlib import Path
import signal
import sys
import tempfile
from typing import Any

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.capabilities.tagging.fine_tuned_head import FineTunedHead
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.datasets.labelled_frames import read_samples, Sample
from nn_perception.training.fine_tuning.fine_tune import fine_tune
from nn_perception.training.fine_tuning.result import FineTuned, Progress
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from nn_perception.training.model_store.store import ModelStore
from nn_perception.training.model_store.version import CHECKPOINT, PICTURE, Version
from nn_perception.training.plots import draw_report

# Perception goes first: what is left of the cores is enough.
NICENESS = 15
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class FineTuningJob:
    """
    What is taught, and where it goes.

    :param dataset: folder of labelled frames
    :param store: folder of the model store
    :param name: of the model in it
    :param base: the network to begin with
    :param settings: how it is taught
    :param activate: make the new version active also if it is worse than the present one
    """

    dataset: Path
    store: Path
    name: str
    base: str = DEFAULT_MODEL
    settings: FineTuneSettings = field(default_factory=FineTuneSettings)
    activate: bool = False

    def to_json(self) -> str:
        """Write it in one line."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, line: str) -> FineTuningJob:
        """Read what :meth:`to_json` wrote."""
        values = json.loads(line)
        values['settings'] = FineTuneSettings(**values['settings'])
        values['dataset'], values['store'] = Path(values['dataset']), Path(values['store'])
        return cls(**values)


@dataclass(frozen=True)
class Taught:
    """
    What came of a lesson.

    :param version: the new one
    :param activated: whether it is active now
    :param message: both in words, and what was found wrong with the frames
    :param report: of the training
    """

    version: Version
    activated: bool
    message: str
    report: dict[str, Any]


def teach(
    lesson: FineTuningJob, on_progress: Callable[[Progress], None] = lambda _: None
) -> Taught:
    """
    Teach, store, compare with the active version, and activate what is no worse.

    :raises OSError: if frames cannot be read or the store cannot be written
    :raises ValueError: if nothing can be learned from the frames
    :raises RuntimeError: if the network cannot be run
    :raises ArithmeticError: if the training diverges
    """
    listing = read_samples(lesson.dataset)
    tuned = fine_tune(listing.samples, lesson.base, lesson.settings, on_progress=on_progress)
    store = ModelStore(lesson.store)
    present = _present(store, lesson.name)
    before = None if present is None else accuracy_on(present.checkpoint, tuned.held_out)
    report = tuned.report | {'accuracy_of_the_active_one': before}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / CHECKPOINT
        tuned.write(path)
        version = store.add(lesson.name, path, report, listing.sha256)
    # A tagger that follows must not wait for an export, nor find that there can be none.
    Tagger.open(str(version.checkpoint), RunOptions(device='cpu')).close()
    no_worse = before is None or tuned.evaluation.accuracy >= before
    activated = no_worse or lesson.activate
    if activated:
        version = store.activate(lesson.name, version.version)
    message = _in_words(tuned, present, before, activated=activated)
    warnings = [*listing.problems, *tuned.report['warnings']]
    # Last: nobody has to wait for it, and the version is of use without it.
    try:
        draw_report(version.folder / PICTURE, tuned.evaluation, tuned.history)
    except (OSError, ImportError) as error:
        warnings.append(f'the report has no picture: {error}')
    return Taught(version, activated, ' '.join([message, *warnings]), report)


def accuracy_on(checkpoint: Path, samples: Sequence[Sample]) -> float:
    """
    Measure a taught model on labelled frames as :func:`fine_tune` does: with the head that has not
    learned from frames that were kept apart, and without asking whether a frame is unknown.

    :returns: share of the frames whose label it finds most likely, in ``[0, 1]``
    :raises OSError: if a file cannot be read
    :raises ValueError: if the checkpoint or a picture is not usable
    :raises RuntimeError: if the model cannot be run
    """
    model = Checkpoint.read(checkpoint)
    head = FineTunedHead.read(model, measured=True)
    engine = LoadedModel.open(model.without_head(), RunOptions(device='cpu'))
    right = 0
    for sample in samples:
        logits = head.logits(engine(model.preprocessing([read_image(sample.path)])))
        right += model.labels[int(logits.argmax())] == sample.label
    engine.close()
    return right / len(samples)


def _present(store: ModelStore, name: str) -> Version | None:
    """Read the active version; one that is damaged is no reason not to teach a new one."""
    try:
        return store.active(name)
    except ValueError:
        return None


def _in_words(
    tuned: FineTuned, present: Version | None, before: float | None, *, activated: bool
) -> str:
    accuracy = tuned.evaluation.accuracy
    frames = f'{len(tuned.held_out)} frames that were kept apart'
    if present is None or before is None:
        return f'{accuracy:.1%} right of {frames}; it is active.'
    compared = (
        f'{accuracy:.1%} right of {frames}, where the active version {present.version} has '
        f'{before:.1%}'
    )
    if activated:
        return f'{compared}; it is active.'
    return f'{compared}; it is worse and was not activated.'


def main() -> int:
    """Teach what standard input says."""
    # Whoever asked for it and is gone cannot use it any more.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(NICENESS)
    lesson = FineTuningJob.from_json(sys.stdin.readline())
    # What a library prints must not stand between the lines of JSON.
    out = os.fdopen(os.dup(sys.stdout.fileno()), 'w', buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(kind: str, values: Any) -> None:
        out.write(json.dumps({kind: values}) + '\n')

    try:
        taught = teach(lesson, lambda progress: tell('progress', asdict(progress)))
    except (OSError, ValueError, RuntimeError, ArithmeticError) as error:
        tell('error', str(error))
        return 1
    version = asdict(taught.version)
    version['folder'] = str(version['folder'])
    if version['accuracy'] is not None and math.isnan(version['accuracy']):
        version['accuracy'] = None
    tell(
        'taught',
        {
            'version': version,
            'activated': taught.activated,
            'message': taught.message,
            'report': taught.report,
        },
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
