"""``nn_perception models``: list the models on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from nn_perception.vision.models import ModelEntry

MEGABYTE = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        '--json', action='store_true', help='print one JSON object a line and nothing else'
    )


def run(args: argparse.Namespace) -> int:
    """List what ships with the package and what the cache folder holds."""
    from nn_perception.vision.models import list_models
    from nn_perception.vision.storage import cache_folder

    entries = list_models()
    if args.json:
        sys.stdout.writelines(json.dumps(_object(entry)) + '\n' for entry in entries)
        return 0
    sys.stdout.writelines(_text(entry) for entry in entries)
    sys.stdout.write(
        'Any torchvision classification model works by name too; it is downloaded once.\n'
        f'Cache folder: {cache_folder()}\n'
    )
    return 0


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
