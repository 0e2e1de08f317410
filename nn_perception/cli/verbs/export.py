"""``nn_perception export``: write a model for programs that do not use this package."""

from __future__ import annotations

import argparse
from pathlib import Path

from nn_perception.cli.arguments import add_store_argument
from nn_perception.cli.console import fail, print_result
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.core.command_name import command_name

VERB = 'export'
FORMATS = ('onnx', 'torchscript', 'zip')
FORMAT_OF_SUFFIX = {'.zip': 'zip', '.pt': 'torchscript', '.pth': 'torchscript'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        'model',
        metavar='MODEL',
        help=f"a name from '{command_name()} models', the path of a checkpoint, the name of a "
        'torchvision classification model, or store:NAME for the active version of a fine-tuned '
        'model',
    )
    parser.add_argument('out', type=Path, metavar='OUT', help='file to write')
    parser.add_argument(
        '--format',
        choices=FORMATS,
        help='onnx: one file with preprocessing and labels; torchscript: the same for torch; zip: '
        'checkpoint, ONNX file, labels and sample programs (default: by the end of OUT, or onnx)',
    )
    add_store_argument(parser)
    parser.add_argument(
        '--version',
        default='',
        metavar='V',
        help='version of store:NAME (default: the active one)',
    )
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file')
    parser.add_argument(
        '--json', action='store_true', help='print the result as one JSON object and nothing else'
    )


def run(args: argparse.Namespace) -> int:
    """Export the model."""
    from nn_perception.training.export.write_export import write_export
    from nn_perception.training.model_store.store import active_checkpoint

    kind = args.format or FORMAT_OF_SUFFIX.get(args.out.suffix.lower(), 'onnx')
    try:
        if args.out.exists() and not args.overwrite:
            raise ValueError(f'{args.out} already exists; replace it with --overwrite')
        if args.version:
            model = _version(args.model, args.version, args.store)
        else:
            model = active_checkpoint(args.model, args.store)
        file = write_export(model, args.out, kind)
        size = file.stat().st_size
    except (OSError, ValueError, RuntimeError) as error:
        return fail(VERB, error)
    print_result(
        args.json,
        {'file': str(args.out), 'format': kind, 'bytes': size},
        f'{args.out}: {kind}, {size / 1e6:.1f} MB',
    )
    return ExitStatus.OK


def _version(model: str, version: str, root: str) -> str:
    """Find the checkpoint of a version of ``store:NAME``; ValueError if there is none."""
    from nn_perception.core.files.folders import folder_of
    from nn_perception.training.model_store.store import ModelStore, STORE_PREFIX

    if not model.startswith(STORE_PREFIX):
        raise ValueError(f'--version needs {STORE_PREFIX}NAME, got {model}')
    versions = ModelStore(folder_of('models', root)).versions(model.removeprefix(STORE_PREFIX))
    for one in versions:
        if one.version == version:
            return str(one.checkpoint)
    known = ', '.join(one.version for one in versions) or 'none'
    raise ValueError(f'{model} has no version {version}; its versions are: {known}')
