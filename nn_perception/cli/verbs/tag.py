"""``nn_perception tag``: tag pictures with what they show."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from nn_perception.capabilities.json_fields import tag_fields
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.cli.arguments import (
    add_engine_arguments,
    add_store_argument,
    probability,
    run_options,
    whole_number,
)
from nn_perception.cli.console import fail
from nn_perception.cli.pictures import (
    add_picture_arguments,
    find_pictures,
    process_pictures,
    Verb,
)
from nn_perception.core.command_name import command_name

if TYPE_CHECKING:
    from nn_perception.core.imaging.preprocessing import Image
    from nn_perception.core.results import Tag


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_picture_arguments(parser)
    parser.add_argument(
        '--model',
        default=DEFAULT_MODEL,
        help=f"a name from '{command_name()} models', the path of a checkpoint, the name of a "
        'torchvision classification model, or store:NAME for the active version of a fine-tuned '
        'model (default: %(default)s)',
    )
    add_store_argument(parser)
    parser.add_argument(
        '--top-k',
        type=whole_number(1),
        default=5,
        metavar='K',
        help='maximum number of tags per picture (default: %(default)s)',
    )
    parser.add_argument(
        '--min-score',
        type=probability,
        default=0.0,
        metavar='S',
        help='drop tags with a lower score, 0 to 1 (default: %(default)s)',
    )
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Tag the pictures."""
    from nn_perception.capabilities.tagging.pipeline import TaggingOptions, TaggingPipeline
    from nn_perception.capabilities.tagging.tagger import Tagger
    from nn_perception.core.frame import Frame
    from nn_perception.training.model_store.store import active_checkpoint

    options = TaggingOptions(top_k=args.top_k, min_score=args.min_score)
    try:
        model = active_checkpoint(args.model, args.store)
        pipeline = TaggingPipeline(Tagger.open(model, run_options(args)), options)
    except (OSError, ValueError, RuntimeError) as error:
        return fail('tag', error)

    def tag(file: str, image: Image) -> list[Tag]:
        (tags,) = pipeline.process([Frame(image, file)])
        return tags

    verb = Verb(tag, tag_fields, _text, args.max_image_pixels)
    return process_pictures(find_pictures(args.files), verb, as_json=args.json)


def _text(tags: list[Tag]) -> str:
    lines = [f'  {tag.score:.3f}  {tag.label}\n' for tag in tags]
    return ''.join(lines) or '  no tag reaches the minimum score\n'
