"""``nn_perception train``: teach a network the labels of a folder of pictures."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.cli.arguments import whole_number
from nn_perception.cli.console import fail
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.progress import ProgressBar

if TYPE_CHECKING:
    from nn_perception.training.fine_tuning.job import Taught
    from nn_perception.training.fine_tuning.result import Progress

VERB = 'train'
BAR_STEPS = 100
STAGES = {
    'frames': 'looking at the frames',
    'head': 'teaching the head',
    'network': 'teaching the network',
    'report': 'measuring',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        'dataset', type=Path, metavar='DATASET_DIR', help='pictures, as DATASET_DIR/<label>/*'
    )
    parser.add_argument(
        '--store', type=Path, required=True, metavar='DIR', help='folder of the taught models'
    )
    parser.add_argument('--name', required=True, help='of the model in the store')
    parser.add_argument(
        '--model',
        default=DEFAULT_MODEL,
        metavar='BASE',
        help='what to begin with, see nn_perception tag --help (default: %(default)s)',
    )
    parser.add_argument(
        '--unfreeze',
        choices=('head', 'last_block', 'all'),
        default='head',
        help='how deep to teach: seconds, or minutes (default: %(default)s)',
    )
    parser.add_argument(
        '--seed',
        type=whole_number(0),
        default=0,
        metavar='N',
        help='decides which pictures are kept apart to measure with (default: %(default)s)',
    )
    parser.add_argument(
        '--activate',
        action='store_true',
        help='make the new version the active one also if it is worse on the same pictures',
    )
    parser.add_argument(
        '--json', action='store_true', help='print the result as one JSON object and nothing else'
    )


def run(args: argparse.Namespace) -> int:
    """Teach, store the new version, and make it the active one if it is no worse."""
    # A head is little work: threads would only wait for each other, and for other processes.
    os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
    from nn_perception.core.files.names import checked_name
    from nn_perception.training.fine_tuning.job import FineTuningJob, teach
    from nn_perception.training.fine_tuning.settings import FineTuneSettings

    bar = ProgressBar()

    def show(progress: Progress) -> None:
        bar.show(STAGES[progress.stage], int(BAR_STEPS * progress.done), BAR_STEPS)

    lesson = FineTuningJob(
        dataset=args.dataset,
        store=args.store,
        name=args.name,
        base=args.model,
        settings=FineTuneSettings(unfreeze=args.unfreeze, seed=args.seed),
        activate=args.activate,
    )
    try:
        checked_name(args.name, 'model', spaces=False)
        taught = teach(lesson, show)
    except ArithmeticError as error:
        bar.clear()
        return fail(VERB, error, ExitStatus.FAILED)
    except (OSError, ValueError, RuntimeError) as error:
        bar.clear()
        return fail(VERB, error)
    bar.clear()
    sys.stderr.write(f'nn_perception {VERB}: {taught.message}\n')
    result = _result(taught)
    sys.stdout.write(json.dumps(result) + '\n' if args.json else _text(result))
    return 0


def _result(taught: Taught) -> dict[str, Any]:
    return {
        'version': taught.version.version,
        'checkpoint': str(taught.version.checkpoint),
        'labels': list(taught.version.labels),
        'accuracy': taught.report['accuracy'],
        'confusion': taught.report['confusion'],
        'seconds': taught.report['seconds'],
    }


def _text(result: dict[str, Any]) -> str:
    lines = [f'{result["version"]}: {result["checkpoint"]}']
    for label, row in zip(result['labels'], result['confusion'], strict=True):
        right = row[result['labels'].index(label)]
        lines.append(f'  {label}: {right} of {sum(row)} frames that were kept apart')
    lines.append(f'  accuracy {result["accuracy"]:.1%}, {result["seconds"]:.1f} s')
    return '\n'.join(lines) + '\n'
