"""``nn_perception models``: list the models on this machine."""

from __future__ import annotations

import argparse
from dataclasses import replace
import json
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from nn_perception.cli.arguments import add_store_argument

if TYPE_CHECKING:
    from nn_perception.core.inference.model_zoo import ModelEntry

MEGABYTE = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        '--json', action='store_true', help='print one JSON object a line and nothing else'
    )
    add_store_argument(parser)


def run(args: argparse.Namespace) -> int:
    """List what ships with the package, what the cache folder holds, and what was taught."""
    from nn_perception.core.files.folders import cache_folder, folder_of
    from nn_perception.core.inference.model_zoo import list_models

    store = folder_of('models', args.store)
    entries = [*list_models(), *_taught(store)]
    if args.json:
        sys.stdout.writelines(json.dumps(_object(entry)) + '\n' for entry in entries)
        return 0
    sys.stdout.writelines(_text(entry) for entry in entries)
    sys.stdout.write(
        'Any torchvision classification model works by name too; it is downloaded once.\n'
        f'Cache folder: {cache_folder()}\nTaught models: {store}\n'
    )
    return 0


def _taught(root: Path) -> list[ModelEntry]:
    """List the models of the store, each as its active version."""
    from nn_perception.core.inference.model_zoo import entry_of
    from nn_perception.training.model_store.store import (
        active_checkpoint,
        ModelStore,
        STORE_PREFIX,
    )

    entries = []
    for name in ModelStore(root).names():
        model = f'{STORE_PREFIX}{name}'
        try:
            entry = entry_of(Path(active_checkpoint(model, root)), 'taught')
        except ValueError as error:
            entry = replace(entry_of(root / name, 'taught'), error=str(error))
        entries.append(replace(entry, name=model))
    return entries


def _object(entry: ModelEntry) -> dict[str, Any]:
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


def _text(entry: ModelEntry) -> str:
    if entry.error:
        return f'{entry.name} ({entry.origin})\n  {entry.error}\n'
    export = f'exported, {entry.export_bytes / MEGABYTE:.1f} MB' if entry.export else 'none yet'
    return (
        f'{entry.name} ({entry.origin})\n'
        f'  {entry.labels} labels, {entry.size_bytes / MEGABYTE:.1f} MB, version {entry.version}\n'
        f'  licence: {entry.licence or "not stated"}\n'
        f'  export: {export}\n'
    )
