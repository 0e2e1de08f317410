"""``nn_perception tag``: say what pictures show."""

from __future__ import annotations

import argparse
from typing import Any, TYPE_CHECKING

from nn_perception.cli.files import (
    add_engine_arguments,
    add_file_arguments,
    add_store_argument,
    engine_options,
    probability,
    unusable,
    whole_number,
    work_through,
)
from nn_perception.core.options import DEFAULT_MODEL

if TYPE_CHECKING:
    from nn_perception.core.results import Tag


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    add_file_arguments(parser)
    parser.add_argument(
        '--model',
        default=DEFAULT_MODEL,
        help="a name from 'nn_perception models', the path of a checkpoint, the name of a "
        'torchvision classification model, or store:NAME, the active version of a taught model '
        '(default: %(default)s)',
    )
    add_store_argument(parser)
    parser.add_argument(
        '--top-k',
        type=whole_number(1),
        default=5,
        metavar='K',
        help='how many tags a picture gets at most (default: %(default)s)',
    )
    parser.add_argument(
        '--min-score',
        type=probability,
        default=0.0,
        metavar='S',
        help='drop tags below this score, 0 to 1 (default: %(default)s)',
    )
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Tag the files."""
    from nn_perception.capabilities.tagging.tagger import Tagger
    from nn_perception.training.model_store.store import active_checkpoint

    try:
        model = active_checkpoint(args.model, args.store)
        tagger = Tagger.open(model, **engine_options(args))
    except (OSError, ValueError, RuntimeError) as error:
        return unusable('tag', error)
    return work_through(
        args,
        lambda _, image: tagger.tag(image, top_k=args.top_k, min_score=args.min_score),
        _fields,
        _text,
    )


def _fields(tags: list[Tag]) -> dict[str, Any]:
    return {'tags': [{'label': tag.label, 'score': round(tag.score, 6)} for tag in tags]}


def _text(tags: list[Tag]) -> str:
    lines = [f'  {tag.score:.3f}  {tag.label}\n' for tag in tags]
    return ''.join(lines) or '  nothing reaches the minimum score\n'
