"""``nn_perception models``: list the models on this machine, and manage fine-tuned ones."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, TYPE_CHECKING

from nn_perception.cli.arguments import add_store_argument, whole_number
from nn_perception.cli.console import fail, print_result
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.core.standard_streams import write_output

if TYPE_CHECKING:
    from nn_perception.core.inference.model_zoo import ModelEntry
    from nn_perception.training.model_store.store import ModelStore
    from nn_perception.training.model_store.version import Version

VERB = 'models'
MEGABYTE = 1_000_000
# The origin of fine-tuned models in JSON, which programs rely on.
FINE_TUNED = 'taught'
SUMMARIES = {
    'list': 'list all models, or the versions of a fine-tuned model, newest first',
    'activate': 'activate a version of a fine-tuned model',
    'rollback': 'activate the version that was active before',
    'prune': 'delete old versions, except the active and the previously active one',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions and their arguments; without an action, all models are listed."""
    _add_common_arguments(parser, json_default=False, store_default='')
    actions = parser.add_subparsers(dest='action', metavar='[ACTION]')
    parsers = {
        name: actions.add_parser(name, help=text, description=text.capitalize() + '.')
        for name, text in SUMMARIES.items()
    }
    parsers['list'].add_argument(
        'name', nargs='?', metavar='NAME', help='a fine-tuned model; default: all models'
    )
    for name in ('activate', 'rollback', 'prune'):
        parsers[name].add_argument('name', metavar='NAME', help='name of the fine-tuned model')
    parsers['activate'].add_argument('version', metavar='VERSION', help='name of the version')
    parsers['prune'].add_argument(
        '--keep',
        type=whole_number(1),
        required=True,
        metavar='N',
        help='number of newest versions to keep',
    )
    for child in parsers.values():
        # Other defaults would replace what was given before the action.
        _add_common_arguments(
            child, json_default=argparse.SUPPRESS, store_default=argparse.SUPPRESS
        )


def _add_common_arguments(
    parser: argparse.ArgumentParser, *, json_default: bool | str, store_default: str
) -> None:
    parser.add_argument(
        '--json',
        action='store_true',
        default=json_default,
        help='print one JSON object per line and nothing else',
    )
    add_store_argument(parser, store_default)


def run(args: argparse.Namespace) -> int:
    """List models, or change the versions of one."""
    from nn_perception.core.files.folders import folder_of
    from nn_perception.training.model_store.store import ModelStore, STORE_PREFIX

    store = ModelStore(folder_of('models', args.store))
    if getattr(args, 'name', None) is None:
        return _list_models(args, store)
    args.name = args.name.removeprefix(STORE_PREFIX)
    try:
        if args.name not in store.names():
            known = ', '.join(store.names()) or 'none'
            raise ValueError(f'{store.root} has no model {args.name!r}; its models are: {known}')
        _manage(args, store)
    except (OSError, ValueError) as error:
        return fail(f'{VERB} {args.action}', error)
    return ExitStatus.OK


def _manage(args: argparse.Namespace, store: ModelStore) -> None:
    """Run an action on one model."""
    if args.action == 'list':
        for version in store.versions(args.name):
            print_result(args.json, _version_fields(version), _version_line(version))
    elif args.action == 'prune':
        deleted = store.prune(args.name, args.keep)
        print_result(
            args.json,
            {'name': args.name, 'deleted': deleted},
            f'{args.name}: deleted {len(deleted)} versions',
            *(f'  {version}' for version in deleted),
        )
    else:
        activate = args.action == 'activate'
        version = (
            store.activate(args.name, args.version) if activate else store.roll_back(args.name)
        )
        print_result(
            args.json, _version_fields(version), f'{args.name}: {version.version} is active'
        )


def _version_fields(version: Version) -> dict[str, Any]:
    return {
        'name': version.name,
        'version': version.version,
        'active': version.active,
        'accuracy': version.accuracy,
        'labels': list(version.labels),
        'checkpoint': str(version.checkpoint),
    }


def _version_line(version: Version) -> str:
    accuracy = 'unknown' if version.accuracy is None else f'{version.accuracy:.1%}'
    active = ', active' if version.active else ''
    return f'{version.version}: {len(version.labels)} labels, accuracy {accuracy}{active}'


def _list_models(args: argparse.Namespace, store: ModelStore) -> int:
    """List what ships with the package, what the cache folder holds, and the store."""
    from nn_perception.core.files.folders import cache_folder
    from nn_perception.core.inference.model_zoo import list_models

    for entry in [*list_models(), *_fine_tuned(store)]:
        print_result(args.json, _fields(entry), *_lines(entry))
    if not args.json:
        write_output(
            'Any torchvision classification model works by name too; it is downloaded once.\n'
            f'Cache folder: {cache_folder()}\nFine-tuned models: {store.root}\n'
        )
    return ExitStatus.OK


def _fine_tuned(store: ModelStore) -> list[ModelEntry]:
    """List the models of the store, each as its active version."""
    from nn_perception.core.inference.model_zoo import entry_of
    from nn_perception.training.model_store.store import active_checkpoint, STORE_PREFIX

    entries = []
    for name in store.names():
        model = f'{STORE_PREFIX}{name}'
        try:
            entry = entry_of(Path(active_checkpoint(model, store.root)), FINE_TUNED)
        except ValueError as error:
            entry = replace(entry_of(store.root / name, FINE_TUNED), error=str(error))
        entries.append(replace(entry, name=model))
    return entries


def _fields(entry: ModelEntry) -> dict[str, Any]:
    if entry.error:
        return {'name': entry.name, 'origin': entry.origin, 'error': entry.error}
    return {
        'name': entry.name,
        'origin': entry.origin,
        'version': entry.version,
        'labels': entry.labels,
        'licence': entry.licence,
        'checkpoint': str(entry.path),
        'bytes': entry.size_bytes,
        'export': str(entry.export) if entry.export else None,
        'export_bytes': entry.export_bytes,
    }


def _lines(entry: ModelEntry) -> list[str]:
    title = f'{entry.name} ({"fine-tuned" if entry.origin == FINE_TUNED else entry.origin})'
    if entry.error:
        return [title, f'  {entry.error}']
    export = f'exported, {entry.export_bytes / MEGABYTE:.1f} MB' if entry.export else 'none yet'
    return [
        title,
        f'  {entry.labels} labels, {entry.size_bytes / MEGABYTE:.1f} MB, version {entry.version}',
        f'  licence: {entry.licence or "not stated"}',
        f'  export: {export}',
    ]
