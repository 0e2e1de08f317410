"""The action ``import`` of ``nn_perception dataset``."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any, TYPE_CHECKING

from nn_perception.cli.console import print_result
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.progress import ProgressBar

if TYPE_CHECKING:
    from nn_perception.training.datasets.dataset import Dataset
    from nn_perception.training.datasets.media.medium import Medium
    from nn_perception.training.datasets.transfer import ImportResult


# A project of Teachable Machine is a zip file, too.
ZIPS = ('.zip', '.tm')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the action."""
    parser.add_argument(
        'dataset', metavar='DATASET', help='name of the dataset; created if it does not exist'
    )
    parser.add_argument(
        'sources',
        nargs='+',
        metavar='SOURCE',
        help='folder with one subfolder of pictures, or of sounds, for each label, another '
        'dataset, a zip file of either, an image project of Teachable Machine (.tm), a folder of '
        'pictures or sounds (with --label), or a recorded bag (with --label)',
    )
    parser.add_argument(
        '--label',
        default='',
        help='label of the pictures or sounds in a folder or zip file, or of a bag',
    )
    parser.add_argument(
        '--topic', default='', help='image topic of a bag (default: its only image topic)'
    )
    parser.add_argument(
        '--max-rate',
        type=_rate,
        default=0.0,
        metavar='HZ',
        help='maximum number of frames per second of a bag; 0: all (default: 0)',
    )


def _rate(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f'must be 0 or more, got {text}')
    return value


def run(args: argparse.Namespace) -> int:
    """Import the sources; one that fails does not stop the others."""
    from nn_perception.core.files.folders import folder_of
    from nn_perception.core.files.names import checked_name
    from nn_perception.training.datasets.catalog import dataset_names, delete_dataset
    from nn_perception.training.datasets.dataset import Dataset

    status, root = ExitStatus.OK, folder_of('datasets', args.data)
    existed = checked_name(args.dataset, 'dataset') in dataset_names(root)
    with Dataset.open(root, args.dataset, medium=_medium(args, root)) as dataset:
        items = dataset.medium.words.items
        for source in args.sources:
            fields: dict[str, Any] = {'dataset': dataset.name, 'source': source}
            try:
                result = _import_source(args, dataset, Path(source).expanduser())
            except (OSError, ValueError, RuntimeError, ImportError) as error:
                status = ExitStatus.FAILED
                print_result(args.json, {**fields, 'error': str(error)}, f'{source}: {error}')
                continue
            if not result.complete:
                status = ExitStatus.FAILED
            print_result(
                args.json,
                {
                    **fields,
                    'stored': result.stored,
                    'present': result.present,
                    'problems': result.problems,
                },
                f'{source}: {result.stored} new {items}, {result.present} already present',
                *(f'  problem: {problem}' for problem in result.problems),
            )
    if not existed and not dataset.frames():
        delete_dataset(root, dataset.name)
    return status


def _medium(args: argparse.Namespace, root: Path) -> Medium:
    """Choose pictures or sounds: what the dataset holds, or else the first source."""
    from nn_perception.core.files.names import checked_name
    from nn_perception.training.datasets.archive import medium_of_source
    from nn_perception.training.datasets.labelled_frames import medium_in
    from nn_perception.training.datasets.media.pictures import IMAGES

    found = medium_in(root / checked_name(args.dataset, 'dataset'))
    for source in args.sources:
        found = found or medium_of_source(Path(source).expanduser())
    return found or IMAGES


def _import_source(args: argparse.Namespace, dataset: Dataset, source: Path) -> ImportResult:
    from nn_perception.training.datasets.transfer import (
        import_bag,
        import_folder,
        import_zip,
        is_bag,
    )

    bar = ProgressBar()

    def show(done: int, total: int) -> None:
        bar.show(f'importing {source.name}', done, total)

    try:
        if source.suffix.lower() in ZIPS:
            return import_zip(dataset, source, args.label, show)
        if not is_bag(source):
            return import_folder(dataset, source, args.label, show)
        if not args.label:
            raise ValueError(f'{source} is a bag; choose a label for its images with --label')
        return import_bag(
            dataset,
            source,
            args.label,
            topic=args.topic,
            max_rate_hz=args.max_rate,
            on_progress=show,
        )
    finally:
        bar.clear()
