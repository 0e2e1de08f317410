"""``nn_perception tag``: say what pictures show."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
import json
import sys
from typing import TYPE_CHECKING

from nn_perception.cli.progress import progress
from nn_perception.vision.options import DEFAULT_MODEL, DEVICES, ENGINES

if TYPE_CHECKING:
    from nn_perception.vision.results import Tag
    from nn_perception.vision.tagger import Tagger

STATUS_FAILED = 1
STATUS_UNUSABLE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument('files', nargs='+', metavar='FILE', help='pictures (not folders)')
    parser.add_argument(
        '--model',
        default=DEFAULT_MODEL,
        help="a name from 'nn_perception models', the path of a checkpoint, or the name of a "
        'torchvision classification model (default: %(default)s)',
    )
    parser.add_argument(
        '--top-k',
        type=_at_least_one,
        default=5,
        metavar='K',
        help='how many tags a picture gets at most (default: %(default)s)',
    )
    parser.add_argument(
        '--min-score',
        type=_probability,
        default=0.0,
        metavar='S',
        help='drop tags below this score, 0 to 1 (default: %(default)s)',
    )
    parser.add_argument(
        '--json', action='store_true', help='print one JSON object a line and nothing else'
    )
    add_engine_arguments(parser)


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how a network is run; shared by the verbs that run one."""
    parser.add_argument(
        '--engine',
        choices=ENGINES,
        default='auto',
        help='auto: onnxruntime on a CPU, torch on a GPU (default: %(default)s)',
    )
    parser.add_argument(
        '--device',
        choices=DEVICES,
        default='auto',
        help='where the network runs (default: %(default)s)',
    )
    parser.add_argument(
        '--threads',
        type=_threads,
        default=0,
        metavar='N',
        help='threads on a CPU; 0: as many as are useful (default: %(default)s)',
    )


def run(args: argparse.Namespace) -> int:
    """Tag the files; a file that cannot be read does not stop the others."""
    from nn_perception.vision.tagger import Tagger

    try:
        tagger = Tagger.open(
            args.model, engine=args.engine, device=args.device, threads=args.threads
        )
    except (OSError, ValueError, RuntimeError) as error:
        sys.stderr.write(f'nn_perception tag: {error}\n')
        return STATUS_UNUSABLE
    failed = False
    for file, found in _results(tagger, progress(args.files), args.top_k, args.min_score):
        failed = failed or isinstance(found, str)
        if args.json:
            sys.stdout.write(_json_line(file, found))
        elif isinstance(found, str):
            sys.stderr.write(f'{found}\n')
        else:
            sys.stdout.write(_text(file, found))
    return STATUS_FAILED if failed else 0


def _results(
    tagger: Tagger, files: Iterable[str], top_k: int, min_score: float
) -> Iterator[tuple[str, list[Tag] | str]]:
    """Give for each file its tags, or a sentence that says why there are none."""
    from nn_perception.vision.images import read_image

    for file in files:
        try:
            yield file, tagger.tag(read_image(file), top_k=top_k, min_score=min_score)
        except (OSError, ValueError, RuntimeError) as error:
            yield file, str(error)


def _json_line(file: str, found: list[Tag] | str) -> str:
    if isinstance(found, str):
        return json.dumps({'file': file, 'error': found}) + '\n'
    tags = [{'label': tag.label, 'score': round(tag.score, 6)} for tag in found]
    return json.dumps({'file': file, 'tags': tags}) + '\n'


def _text(file: str, tags: list[Tag]) -> str:
    lines = [f'  {tag.score:.3f}  {tag.label}\n' for tag in tags]
    return f'{file}\n' + (''.join(lines) or '  nothing reaches the minimum score\n')


def _at_least_one(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'must be at least 1, got {value}')
    return value


def _probability(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f'must be 0 to 1, got {value}')
    return value


def _threads(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 256:
        raise argparse.ArgumentTypeError(f'must be 0 to 256, got {value}')
    return value
