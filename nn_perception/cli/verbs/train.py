"""``nn_perception train``: fine-tune a network on a folder of labelled pictures, or sounds."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any, TYPE_CHECKING

from nn_perception.capabilities.sounds.defaults import DEFAULT_SOUND_MODEL
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.cli.arguments import whole_number
from nn_perception.cli.console import fail, report
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.progress import ProgressBar
from nn_perception.core.command_name import command_name
from nn_perception.core.standard_streams import write_output

if TYPE_CHECKING:
    from nn_perception.training.fine_tuning.fine_tune import Progress
    from nn_perception.training.fine_tuning.job import JobResult

VERB = 'train'
BAR_STEPS = 100
STAGES = {
    'frames': 'reading the frames',
    'head': 'training the head',
    'network': 'training the network',
    'report': 'measuring',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        'dataset',
        type=Path,
        metavar='DATASET_DIR',
        help='folder with one subfolder of pictures, or of clips of sound, for each label',
    )
    parser.add_argument(
        '--store', type=Path, required=True, metavar='DIR', help='folder of the fine-tuned models'
    )
    parser.add_argument('--name', required=True, help='name of the model in the store')
    parser.add_argument(
        '--model',
        default='',
        metavar='BASE',
        help=f'network to fine-tune, see {command_name()} tag --help (default: {DEFAULT_MODEL}, '
        f'or {DEFAULT_SOUND_MODEL} for sounds)',
    )
    parser.add_argument(
        '--unfreeze',
        choices=('head', 'last_block', 'all'),
        default='head',
        help='head takes seconds, the others, for pictures only, minutes (default: %(default)s)',
    )
    parser.add_argument(
        '--seed',
        type=whole_number(0),
        default=0,
        metavar='N',
        help='seed that chooses the held-out pictures or sounds (default: %(default)s)',
    )
    parser.add_argument(
        '--activate',
        action='store_true',
        help='activate the new version even if it is less accurate than the active one',
    )
    parser.add_argument(
        '--json', action='store_true', help='print the result as one JSON object and nothing else'
    )


def run(args: argparse.Namespace) -> int:
    """Fine-tune, store the new version, and activate it unless the active one is better."""
    # The matrices are small: threads would only wait for each other, and for other processes.
    os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
    from nn_perception.training.fine_tuning.job import FineTuningJob
    from nn_perception.training.fine_tuning.settings import FineTuneSettings

    bar = ProgressBar()
    said: set[str] = set()

    def show(progress: Progress) -> None:
        for warning in progress.warnings:
            if warning not in said:
                said.add(warning)
                bar.clear()
                report(VERB, f'warning: {warning}')
        bar.show(STAGES[progress.stage], int(BAR_STEPS * progress.done), BAR_STEPS)

    job = FineTuningJob(
        dataset=args.dataset,
        store=args.store,
        name=args.name,
        base=args.model or _usual_base(args.dataset),
        settings=FineTuneSettings(unfreeze=args.unfreeze, seed=args.seed),
        activate=args.activate,
    )
    try:
        result = job.run(show)
    except ArithmeticError as error:
        return fail(VERB, error, ExitStatus.FAILED)
    except (OSError, ValueError, RuntimeError) as error:
        return fail(VERB, error)
    finally:
        bar.clear()
    report(VERB, result.message)
    fields = _fields(result)
    write_output(
        json.dumps(fields) + '\n' if args.json else _text(fields, result.report['medium'])
    )
    return ExitStatus.OK


def _usual_base(folder: Path) -> str:
    """Name the network that is fine-tuned on pictures, or on sounds."""
    from nn_perception.training.datasets.labelled_frames import medium_in
    from nn_perception.training.datasets.media.pictures import IMAGES

    return (medium_in(folder) or IMAGES).base


def _fields(result: JobResult) -> dict[str, Any]:
    return {
        'version': result.version,
        'checkpoint': str(result.checkpoint),
        'labels': list(result.labels),
        'accuracy': result.report['accuracy'],
        'confusion': result.report['confusion'],
        'seconds': result.report['seconds'],
    }


def _text(fields: dict[str, Any], medium: str) -> str:
    from nn_perception.training.datasets.media.detection import medium_named

    items = medium_named(medium).words.items
    lines = [f'{fields["version"]}: {fields["checkpoint"]}']
    for index, (label, row) in enumerate(zip(fields['labels'], fields['confusion'], strict=True)):
        lines.append(f'  {label}: {row[index]} of {sum(row)} held-out {items} are right')
    lines.append(f'  accuracy {fields["accuracy"]:.1%}, {fields["seconds"]:.1f} s')
    return '\n'.join(lines) + '\n'
