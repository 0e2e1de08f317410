"""``nn_perception bag``: copy a recorded bag and add the results for its images."""

from __future__ import annotations

import argparse
from dataclasses import asdict
import json
import os
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from nn_perception.capabilities.poses.defaults import POSE_PRESETS
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.cli.arguments import (
    add_engine_arguments,
    add_store_argument,
    run_options,
)
from nn_perception.cli.console import fail, report
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.progress import ProgressBar

if TYPE_CHECKING:
    from nn_perception.bags.annotation import Annotation, AnnotationRequest, Summary
    from nn_perception.bags.annotators import Annotator
    from nn_perception.bags.bag import Bag

VERB = 'bag'
RESULTS = ('tags', 'digits', 'poses')


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
        help='topic of the images; required if the bag has several; repeat it for several '
        'cameras, whose results get topics of their own, such as /tagger/front/tags',
    )
    parser.add_argument(
        '--storage',
        choices=('mcap', 'sqlite3'),
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
        'results are added',
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


def run(args: argparse.Namespace) -> int:
    """Annotate the bag, or resume where an earlier run was interrupted."""
    from nn_perception.bags.annotation import Annotation
    from nn_perception.bags.bag import Bag

    try:
        _check_paths(args.bag, args.output)
        with Bag(args.bag) as bag:
            summary = _annotate(Annotation(bag, _request(args, bag)))
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        return fail(VERB, error)
    _print(summary, args)
    return ExitStatus.FAILED if summary.refused else ExitStatus.OK


def _check_paths(given: Path, output: Path) -> None:
    """Reject what would overwrite something, before anything takes time."""
    from nn_perception.bags.provenance import made_here

    inside, outside = given.resolve(), output.resolve()
    if outside == inside or inside in outside.parents:
        raise ValueError(f'OUT must not be IN or inside it: {output}')
    if not output.parent.is_dir():
        raise FileNotFoundError(f'folder {output.parent} does not exist')
    if os.path.lexists(output) and made_here(output) is None:
        raise FileExistsError(f'{output} already exists')


def _request(args: argparse.Namespace, bag: Bag) -> AnnotationRequest:
    """Collect what the bag is to get, and open the networks for it."""
    from nn_perception.bags.annotation import AnnotationRequest

    if bag.is_ros1:
        raise ValueError(
            f'{bag.path} is a ROS 1 bag: convert it first, with '
            f'rosbags-convert --src {bag.path} --dst FOLDER'
        )
    cameras = [bag.choose_topic(topic) for topic in dict.fromkeys(args.topic)]
    return AnnotationRequest(
        output=args.output.absolute(),
        cameras=tuple(cameras or [bag.choose_topic()]),
        annotators=_annotators(args),
        storage=args.storage or bag.storage,
        engine=f'{args.engine} {args.device}',
    )


def _annotators(args: argparse.Namespace) -> dict[str, Annotator]:
    """Open the networks of the wanted results."""
    from nn_perception.bags.annotators import DigitAnnotator, PoseAnnotator, TagAnnotator
    from nn_perception.capabilities.digits.digit_reader import DigitReader
    from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
    from nn_perception.capabilities.tagging.tagger import Tagger
    from nn_perception.training.model_store.store import active_checkpoint

    options = run_options(args)
    wanted = [name for name in RESULTS if getattr(args, name)] or RESULTS
    annotators: dict[str, Annotator] = {}
    if 'tags' in wanted:
        model = active_checkpoint(args.model, args.store)
        annotators['tags'] = TagAnnotator(Tagger.open(model, options))
    if 'digits' in wanted:
        annotators['digits'] = DigitAnnotator(DigitReader.open(options=options))
    if 'poses' in wanted:
        annotators['poses'] = PoseAnnotator(PoseEstimator.open(args.preset, options))
    return annotators


def _annotate(annotation: Annotation) -> Summary:
    """Annotate with a progress bar; say how to resume when interrupted."""
    bar = ProgressBar()
    try:
        return annotation.run(bar.show)
    except KeyboardInterrupt:
        bar.clear()
        report(
            VERB,
            'interrupted; run the same command again to resume (the results so far are in '
            f'{annotation.unfinished})',
        )
        raise
    finally:
        bar.clear()


def _print(summary: Summary, args: argparse.Namespace) -> None:
    if summary.refused:
        reason, count = next(iter(summary.reasons.items()))
        report(
            VERB,
            f'skipped {summary.refused} of {summary.images} images; the reason for {count}: '
            f'{reason}',
        )
    if args.json:
        sys.stdout.write(json.dumps({'bag': str(args.output), **asdict(summary)}) + '\n')
    else:
        lines = [f'  {count} on {topic}\n' for topic, count in summary.outputs.items()]
        sys.stdout.write(f'{args.output}\n' + ''.join(lines))
