"""``nn_perception dataset``: manage datasets of labelled frames, or clips of sound."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
import os
from pathlib import Path
from typing import NamedTuple

from nn_perception.capabilities.sounds.defaults import DEFAULT_SOUND_MODEL
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.cli import dataset_import
from nn_perception.cli.console import fail, print_result
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.progress import ProgressBar
from nn_perception.core.command_name import command_name
from nn_perception.core.standard_streams import write_output

VERB = 'dataset'
BAR_STEPS = 100
ERRORS = (OSError, ValueError, RuntimeError, ImportError)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions and their arguments."""
    actions = parser.add_subparsers(dest='action', required=True, metavar='ACTION')
    for name, action in ACTIONS.items():
        child = actions.add_parser(
            name, help=action.summary, description=action.summary.capitalize() + '.'
        )
        child.add_argument(
            '--data',
            default='',
            metavar='DIR',
            help='folder of the datasets (default: datasets in the data folder)',
        )
        child.add_argument(
            '--json', action='store_true', help='print one JSON object per line and nothing else'
        )
        action.add_arguments(child)


def run(args: argparse.Namespace) -> int:
    """Run one of the actions."""
    try:
        return ACTIONS[args.action].run(args)
    except ERRORS as error:
        return fail(f'{VERB} {args.action}', error)


def _root(args: argparse.Namespace) -> Path:
    from nn_perception.core.files.folders import folder_of

    return folder_of('datasets', args.data)


def _folder(args: argparse.Namespace) -> Path:
    """Return the folder of an existing dataset; ValueError if there is none."""
    from nn_perception.training.datasets.catalog import dataset_folder

    if os.sep not in args.dataset:
        return dataset_folder(_root(args), args.dataset)
    folder = Path(args.dataset).expanduser().absolute()
    if not folder.is_dir():
        raise ValueError(f'there is no folder {folder}')
    return folder


def _items(folder: Path) -> str:
    """Return what is in a dataset, in words."""
    from nn_perception.training.datasets.labelled_frames import medium_in
    from nn_perception.training.datasets.media.pictures import IMAGES

    return (medium_in(folder) or IMAGES).words.items


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('dataset', metavar='DATASET', help='name of the dataset')


def _add_name_or_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'dataset',
        metavar='DATASET',
        help='name of the dataset; or, if it contains a slash, any folder with one subfolder of '
        'pictures, or of clips of sound, for each label',
    )


# list


def _add_list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'datasets', nargs='*', metavar='DATASET', help='names of datasets (default: all)'
    )


def _list(args: argparse.Namespace) -> int:
    from nn_perception.training.datasets.catalog import dataset_folder, dataset_names
    from nn_perception.training.datasets.labelled_frames import read_frames

    root = _root(args)
    for folder in [dataset_folder(root, name) for name in args.datasets or dataset_names(root)]:
        listing = read_frames(folder)
        labels = dict(sorted(Counter(frame.label for frame in listing.frames).items()))
        size = sum(frame.path.stat().st_size for frame in listing.frames)
        items = listing.medium.words.items
        fields = {
            'dataset': folder.name,
            'folder': str(folder),
            'labels': labels,
            'bytes': size,
            'problems': list(listing.left_out),
        }
        print_result(
            args.json,
            fields,
            f'{folder.name}: {len(listing.frames)} {items}, {size / 1e6:.1f} MB',
            *(f'  {label}: {count} {items}' for label, count in labels.items()),
            *(f'  problem: {problem}' for problem in listing.left_out),
        )
    if not args.json:
        write_output(f'Folder of the datasets: {root}\n')
    return ExitStatus.OK


# check


def _add_check_arguments(parser: argparse.ArgumentParser) -> None:
    _add_name_or_folder(parser)
    parser.add_argument(
        '--model',
        default='',
        metavar='BASE',
        help=f'network to fine-tune, see {command_name()} tag --help (default: {DEFAULT_MODEL}, '
        f'or {DEFAULT_SOUND_MODEL} for sounds)',
    )


def _check(args: argparse.Namespace) -> int:
    from nn_perception.core.inference.model_zoo import find_checkpoint
    from nn_perception.training.datasets.checks import check_frames, UnusableFramesError
    from nn_perception.training.datasets.labelled_frames import read_frames
    from nn_perception.training.datasets.media.detection import medium_of
    from nn_perception.training.datasets.split import find_bursts, split_frames
    from nn_perception.training.fine_tuning.settings import DEFAULT_SETTINGS as SETTINGS

    folder = _folder(args)
    listing = read_frames(folder)
    base = find_checkpoint(args.model or listing.medium.base)
    medium = medium_of(base)
    if listing.medium is not medium:
        listing = read_frames(folder, medium)
    errors, warnings = [], list(listing.left_out)
    bar = ProgressBar()
    try:
        checked = check_frames(
            listing.frames,
            base,
            on_progress=lambda done: bar.show('checking', int(BAR_STEPS * done), BAR_STEPS),
        )
        bursts = find_bursts(checked.frames, checked.similarity, medium)
        split = split_frames(checked.frames, bursts, SETTINGS.validation_fraction, SETTINGS.seed)
        warnings += [*checked.warnings, *split.warnings(medium.words)]
    except UnusableFramesError as error:
        errors.append(error.reason)
        warnings += error.left_out
    finally:
        bar.clear()
    labels = dict(sorted(Counter(frame.label for frame in listing.frames).items()))
    print_result(
        args.json,
        {'dataset': folder.name, 'labels': labels, 'errors': errors, 'warnings': warnings},
        f'{folder.name}: {len(listing.frames)} {medium.words.items} of {len(labels)} labels',
        *(f'  error: {sentence}' for sentence in errors),
        *(f'  warning: {sentence}' for sentence in warnings),
        *([] if errors or warnings else ['  no problems found']),
    )
    return ExitStatus.FAILED if errors else ExitStatus.OK


# export


def _add_export_arguments(parser: argparse.ArgumentParser) -> None:
    _add_name_or_folder(parser)
    parser.add_argument('file', type=Path, metavar='FILE', help='zip file to write')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file')


def _export(args: argparse.Namespace) -> int:
    from nn_perception.training.datasets.transfer import export_zip

    folder = _folder(args)
    if args.file.exists() and not args.overwrite:
        raise ValueError(f'{args.file} already exists; replace it with --overwrite')
    count = export_zip(folder, args.file)
    print_result(
        args.json,
        {'dataset': folder.name, 'file': str(args.file), 'frames': count},
        f'{args.file}: {count} {_items(folder)} of {folder.name}',
    )
    return ExitStatus.OK


# rename


def _add_rename_arguments(parser: argparse.ArgumentParser) -> None:
    _add_name(parser)
    parser.add_argument('new_name', metavar='NEW_NAME', help='new name of the dataset or label')
    parser.add_argument('--label', default='', help='rename this label instead of the dataset')


def _rename(args: argparse.Namespace) -> int:
    from nn_perception.training.datasets.catalog import open_existing, rename_dataset

    if not args.label:
        folder = rename_dataset(_root(args), args.dataset, args.new_name)
        print_result(
            args.json,
            {'dataset': folder.name, 'old_name': args.dataset},
            f'{args.dataset} is now {folder.name}',
        )
        return ExitStatus.OK
    with open_existing(_root(args), args.dataset) as dataset:
        count, items = dataset.rename_label(args.label, args.new_name), dataset.medium.words.items
    print_result(
        args.json,
        {
            'dataset': args.dataset,
            'label': args.new_name,
            'old_label': args.label,
            'frames': count,
        },
        f'{count} {items} of {args.dataset} have the label {args.new_name} now',
    )
    return ExitStatus.OK


# delete


def _add_delete_arguments(parser: argparse.ArgumentParser) -> None:
    _add_name(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('--label', help='delete the frames of this label')
    what.add_argument('--all', action='store_true', help='delete the whole dataset')


def _delete(args: argparse.Namespace) -> int:
    from nn_perception.training.datasets.catalog import delete_dataset, open_existing

    if args.all:
        items = _items(_root(args) / args.dataset)
        count, left = delete_dataset(_root(args), args.dataset)
        print_result(
            args.json,
            {'dataset': args.dataset, 'deleted': count, 'left': [str(path) for path in left]},
            f'deleted {args.dataset}: {count} {items}',
            *(f'  left, since it is not part of a dataset: {path}' for path in left),
        )
        return ExitStatus.OK
    with open_existing(_root(args), args.dataset) as dataset:
        count, items = dataset.delete(args.label), dataset.medium.words.items
    print_result(
        args.json,
        {'dataset': args.dataset, 'label': args.label, 'deleted': count},
        f'deleted {count} {items} of {args.dataset} with the label {args.label}',
    )
    return ExitStatus.OK


class _Action(NamedTuple):
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


ACTIONS = {
    'list': _Action('list datasets, with their labels', _add_list_arguments, _list),
    'check': _Action(
        'run the checks before training; exit with status 1 if training is impossible',
        _add_check_arguments,
        _check,
    ),
    'import': _Action(
        'import pictures from folders and recorded bags, or sounds from folders',
        dataset_import.add_arguments,
        dataset_import.run,
    ),
    'export': _Action('export a dataset as a zip file', _add_export_arguments, _export),
    'rename': _Action('rename a dataset or a label', _add_rename_arguments, _rename),
    'delete': _Action('delete a label or a whole dataset', _add_delete_arguments, _delete),
}
