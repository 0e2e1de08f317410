"""``nn_perception bag``: copy a recorded bag and add the results for its images, or its sound."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from functools import partial
import json
from pathlib import Path
from typing import Any, TYPE_CHECKING

from nn_perception.capabilities.poses.defaults import POSE_PRESETS
from nn_perception.capabilities.sounds.defaults import DEFAULT_SOUND_MODEL
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.cli.arguments import (
    add_engine_arguments,
    add_store_argument,
    run_options,
)
from nn_perception.cli.console import fail, report
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.progress import ProgressBar
from nn_perception.core.command_name import command_name
from nn_perception.core.standard_streams import write_output

if TYPE_CHECKING:
    from nn_perception.bags.annotation import Annotation, AnnotationRequest
    from nn_perception.bags.summary import Summary

VERB = 'bag'
RESULTS = ('tags', 'digits', 'poses')
SOUNDS = 'sounds'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument('bag', metavar='IN', type=Path, help='a bag: its folder, .mcap or .db3')
    parser.add_argument(
        'output', metavar='OUT', type=Path, help='folder of the new bag; it must not exist'
    )
    _add_result_arguments(parser)
    parser.add_argument(
        '--topic',
        action='append',
        default=[],
        help='topic of the images, or of the sound; required if the bag has several; repeat it '
        'for several, whose results get topics of their own, such as /tagger/front/tags',
    )
    parser.add_argument(
        '--storage',
        choices=('mcap', 'sqlite3'),
        default='',
        help='format of the new bag (default: that of IN)',
    )
    parser.add_argument(
        '--json', action='store_true', help='print the summary as one JSON object and nothing else'
    )
    add_engine_arguments(parser)


def _add_result_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose the results, and the networks for them."""
    parser.add_argument('--tags', action='store_true', help='add what the tagger publishes')
    parser.add_argument(
        '--digits', action='store_true', help='add what the digit_reader publishes'
    )
    parser.add_argument(
        '--poses',
        action='store_true',
        help='add what the pose_estimator publishes; without any of the three options, all '
        'results for images are added',
    )
    parser.add_argument(
        '--sounds',
        action='store_true',
        help='add what the sound_tagger publishes, and nothing for images: for both, annotate '
        'OUT once more',
    )
    parser.add_argument(
        '--model',
        default='',
        help=f'for the tags, see {command_name()} tag --help, or for the sounds (default: '
        f'{DEFAULT_MODEL}, {DEFAULT_SOUND_MODEL})',
    )
    add_store_argument(parser)
    parser.add_argument(
        '--preset',
        choices=POSE_PRESETS,
        default='fast',
        help=f'for the poses, see {command_name()} pose --help (default: %(default)s)',
    )


def run(args: argparse.Namespace) -> int:
    """Annotate the bag, or resume where an earlier run was interrupted."""
    try:
        with _open(args) as annotation:
            _annotate(annotation)
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        return fail(VERB, error)
    _print(annotation.summary, args)
    return ExitStatus.FAILED if annotation.summary.refused else ExitStatus.OK


def _open(args: argparse.Namespace) -> Annotation:
    """Open the bag for what it is to get."""
    from nn_perception.bags.annotation import Annotation

    if not args.sounds:
        return Annotation(_request(args))
    others = [f'--{name}' for name in RESULTS if getattr(args, name)]
    if others:
        raise ValueError(f'--{SOUNDS} and {others[0]}: choose one, and annotate OUT once more')
    from nn_perception.bags.sound_annotation import SoundAnnotation

    return SoundAnnotation(_request(args))


def _request(args: argparse.Namespace) -> AnnotationRequest:
    """Collect what the bag is to get; its networks are opened when all else is checked."""
    from nn_perception.bags.annotation import AnnotationRequest

    return AnnotationRequest(
        bag=args.bag,
        output=args.output,
        open_annotators=_opener(args),
        topics=args.topic,
        storage=args.storage,
        engine=f'{args.engine} {args.device}',
    )


def _opener(args: argparse.Namespace) -> Callable[[], Mapping[str, Any]]:
    """Return what opens the networks."""
    from nn_perception.training.model_store.store import active_checkpoint

    options = run_options(args)
    if args.sounds:
        from nn_perception.bags.sound_annotation import open_sound_annotators

        model = active_checkpoint(args.model or DEFAULT_SOUND_MODEL, args.store)
        return partial(open_sound_annotators, model, options)
    from nn_perception.bags.annotators import open_annotators

    wanted = [name for name in RESULTS if getattr(args, name)] or RESULTS
    model = ''
    if 'tags' in wanted:
        model = active_checkpoint(args.model or DEFAULT_MODEL, args.store)
    return partial(open_annotators, wanted, model, args.preset, options)


def _annotate(annotation: Annotation) -> None:
    """Annotate with a progress bar; say how to resume when interrupted."""
    bar = ProgressBar()
    try:
        with closing(annotation.run()) as steps:
            for name, done, total in steps:
                bar.show(name, done, total)
    except KeyboardInterrupt:
        bar.clear()
        kept = annotation.unfinished
        so_far = f' (the results so far are in {kept})' if kept.exists() else ''
        report(VERB, f'interrupted; run the same command again to resume{so_far}')
        raise
    finally:
        bar.clear()


def _print(summary: Summary, args: argparse.Namespace) -> None:
    received = 'chunks' if args.sounds else 'images'
    if summary.refused:
        reason, count = next(iter(summary.reasons.items()))
        report(
            VERB,
            f'skipped {summary.refused} of {summary.images} {received}; the reason for {count}: '
            f'{reason}',
        )
    if args.json:
        values = {received if k == 'images' else k: v for k, v in asdict(summary).items()}
        write_output(json.dumps({'bag': str(args.output), **values}) + '\n')
    else:
        lines = [f'  {count} on {topic}\n' for topic, count in summary.outputs.items()]
        write_output(f'{args.output}\n' + ''.join(lines))
