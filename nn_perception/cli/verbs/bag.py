"""``nn_perception bag``: perception over a recorded bag, without a ROS graph."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from dataclasses import asdict
import json
import os
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from nn_perception.cli.arguments import (
    add_engine_arguments,
    add_store_argument,
    engine_options,
)
from nn_perception.cli.console import fail, report
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.progress import ProgressBar
from nn_perception.core.options import DEFAULT_MODEL, POSE_PRESETS

if TYPE_CHECKING:
    from nn_perception.bags.annotation import Annotation, Summary
    from nn_perception.bags.annotators import Annotator
    from nn_perception.bags.bag import Bag

VERB = 'bag'
SENSES = ('tags', 'digits', 'poses')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument('bag', metavar='IN', type=Path, help='a bag: its folder, .mcap or .db3')
    parser.add_argument(
        'output', metavar='OUT', type=Path, help='folder of the new bag; it must not exist'
    )
    parser.add_argument('--tags', action='store_true', help='add what the tagger publishes')
    parser.add_argument(
        '--digits', action='store_true', help='add what the digit_reader publishes'
    )
    parser.add_argument(
        '--poses',
        action='store_true',
        help='add what the pose_estimator publishes; without any of the three, all are added',
    )
    parser.add_argument(
        '--topic',
        action='append',
        default=[],
        help='of the images; needed if there are several; given several times, each camera has '
        'results of its own, as /tagger/front/tags',
    )
    parser.add_argument(
        '--model',
        default=DEFAULT_MODEL,
        help='for the tags, see nn_perception tag --help (default: %(default)s)',
    )
    add_store_argument(parser)
    parser.add_argument(
        '--preset',
        choices=POSE_PRESETS,
        default='fast',
        help='for the poses, see nn_perception pose --help (default: %(default)s)',
    )
    parser.add_argument(
        '--storage',
        choices=('mcap', 'sqlite3'),
        help="form of the new bag (default: that of IN's)",
    )
    parser.add_argument(
        '--json', action='store_true', help='print the summary as one JSON object and nothing else'
    )
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Look at the images and write the copy, or go on where it was interrupted."""
    from nn_perception.bags.bag import Bag

    with ExitStack() as stack:
        try:
            _check_paths(args.bag, args.output)
            bag = stack.enter_context(Bag(args.bag))
            annotation = _annotation(args, bag)
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            return fail(VERB, error)
        return _annotate(args, annotation)


def _annotate(args: argparse.Namespace, annotation: Annotation) -> int:
    bars: dict[str, ProgressBar] = {}

    def show(text: str, done: int, total: int) -> None:
        bars.setdefault(text, ProgressBar(max(total, 1))).show(done, text)

    try:
        summary = annotation.run(show)
    except (OSError, ValueError, RuntimeError, KeyboardInterrupt) as error:
        for bar in bars.values():
            bar.clear()
        if isinstance(error, KeyboardInterrupt):
            report(
                VERB,
                f'stopped; what was found is in {annotation.unfinished}, and the same command '
                'goes on from there',
            )
            return ExitStatus.INTERRUPTED
        return fail(VERB, error)
    for bar in bars.values():
        bar.clear()
    return _print(args, summary)


def _print(args: argparse.Namespace, summary: Summary) -> int:
    if summary.refused:
        reason, times = next(iter(summary.reasons.items()))
        report(
            VERB,
            f'{summary.refused} of {summary.images} images cannot be used and have no results; '
            f'the reason of {times}: {reason}',
        )
    if args.json:
        sys.stdout.write(json.dumps({'bag': str(args.output), **asdict(summary)}) + '\n')
    else:
        lines = [f'  {count} on {topic}\n' for topic, count in summary.outputs.items()]
        sys.stdout.write(f'{args.output}\n' + ''.join(lines))
    return ExitStatus.FAILED if summary.refused else ExitStatus.OK


def _check_paths(given: Path, output: Path) -> None:
    """Refuse what would harm something, before anything takes time."""
    from nn_perception.bags.provenance import made_here

    inside, outside = given.resolve(), output.resolve()
    if outside == inside or inside in outside.parents:
        raise ValueError(f'OUT must lie elsewhere than IN: {output}')
    if not output.parent.is_dir():
        raise FileNotFoundError(f'there is no folder {output.parent}')
    if os.path.lexists(output) and made_here(output) is None:
        raise FileExistsError(f'{output} exists already')


def _annotation(args: argparse.Namespace, bag: Bag) -> Annotation:
    """Find out what there is to do."""
    from nn_perception.bags.annotation import Annotation
    from nn_perception.bags.bag import read_metadata

    if bag.is_ros1:
        raise ValueError(
            f'{bag.path} is a bag of ROS 1: turn it into one of ROS 2 first, with '
            f'rosbags-convert --src {bag.path} --dst FOLDER'
        )
    cameras = [bag.choose_topic(topic) for topic in dict.fromkeys(args.topic)]
    cameras = cameras or [bag.choose_topic()]
    own = read_metadata(bag.path).get('storage_identifier')
    storage = args.storage or own or ('mcap' if bag.path.suffix == '.mcap' else 'sqlite3')
    engine = f'{args.engine} {args.device}'
    output = args.output.absolute()
    return Annotation(bag, output, cameras, _senses(args), storage, engine)


def _senses(args: argparse.Namespace) -> dict[str, Annotator]:
    """Open the networks of what is wanted."""
    from nn_perception.bags.annotators import Digits, Poses, Tags
    from nn_perception.capabilities.digits.digit_reader import DigitReader
    from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
    from nn_perception.capabilities.tagging.tagger import Tagger
    from nn_perception.training.model_store.store import active_checkpoint

    options: dict[str, Any] = engine_options(args)
    wanted = [name for name in SENSES if getattr(args, name)] or SENSES
    senses: dict[str, Annotator] = {}
    if 'tags' in wanted:
        senses['tags'] = Tags(Tagger.open(active_checkpoint(args.model, args.store), **options))
    if 'digits' in wanted:
        senses['digits'] = Digits(DigitReader.open(**options))
    if 'poses' in wanted:
        senses['poses'] = Poses(PoseEstimator.open(args.preset, **options))
    return senses
