"""``nn_perception train-digits``: train the network of the digit reader on MNIST."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import contextlib
import importlib.util
import json
import os
from pathlib import Path
import signal
from typing import Any, TYPE_CHECKING

from nn_perception.cli.arguments import whole_number
from nn_perception.cli.console import fail, report
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.progress import ProgressBar
from nn_perception.core.files.folders import cache_folder
from nn_perception.core.standard_streams import write_error, write_output

if TYPE_CHECKING:
    from nn_perception.training.digits.training_run import TrainingRun
    from nn_perception.training.epoch import Epoch

VERB = 'train-digits'
MIN_DIGITS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        '--data',
        type=Path,
        default=cache_folder() / 'mnist',
        metavar='FOLDER',
        help='folder of the four MNIST files, plain or .gz (default: %(default)s)',
    )
    parser.add_argument(
        '--download', action='store_true', help='download the files first if they are missing'
    )
    parser.add_argument(
        '--output',
        type=Path,
        default=Path('digits'),
        metavar='FOLDER',
        help='folder for checkpoint, report and plots; an interrupted training resumes from it '
        '(default: %(default)s)',
    )
    parser.add_argument('--restart', action='store_true', help='start again instead of resuming')
    _add_settings(parser)
    _add_samples(parser)
    parser.add_argument(
        '--threads',
        type=whole_number(0, 256),
        default=0,
        metavar='N',
        help='number of CPU threads; 0: one per core (default: %(default)s)',
    )
    parser.add_argument(
        '--json', action='store_true', help='print the report as one JSON object and nothing else'
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--network',
        choices=('cnn', 'mlp'),
        default='cnn',
        help='cnn: convolutional; mlp: fully connected, for comparison (default: %(default)s)',
    )
    parser.add_argument(
        '--epochs', type=whole_number(1), default=20, metavar='N', help='(default: %(default)s)'
    )
    parser.add_argument(
        '--batch-size',
        type=whole_number(2),
        default=128,
        metavar='N',
        help='number of digits per step (default: %(default)s)',
    )
    parser.add_argument(
        '--learning-rate',
        type=float,
        default=0.1,
        metavar='X',
        help='peak of the learning rate (default: %(default)s)',
    )
    parser.add_argument(
        '--precision',
        choices=('float32', 'bfloat16'),
        default='float32',
        help='bfloat16 takes half the time on processors that support it (default: %(default)s)',
    )
    parser.add_argument(
        '--seed',
        type=whole_number(0),
        default=0,
        metavar='N',
        help='the same seed gives the same network on the same machine (default: %(default)s)',
    )


def _add_samples(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--augment',
        choices=('full', 'none'),
        default='full',
        help="full: augment digits, and add print, other handwriting and clutter; none: MNIST's "
        'images only (default: %(default)s)',
    )
    parser.add_argument(
        '--clutter',
        type=Path,
        nargs='+',
        default=[],
        metavar='FOLDER',
        help='folders of pictures without digits, as additional clutter',
    )
    parser.add_argument(
        '--limit',
        type=whole_number(MIN_DIGITS),
        metavar='N',
        help='train with the first N digits only, for a test',
    )


def run(args: argparse.Namespace) -> int:
    """Train, or resume; usage errors are reported before any time is spent."""
    # Threads that wait actively would take the core from the one that prepares the next batch.
    os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
    from nn_perception.training.digits.report import finish

    try:
        training = _begin(args)
        if training.resumed:
            state = training.state
            report(VERB, f'resuming in epoch {state.epoch + 1} after step {state.step}')
        if not _train(training, args.threads):
            report(
                VERB,
                f'stopped; the state is in {training.state_path}, and the same command resumes '
                'from it',
            )
            return ExitStatus.INTERRUPTED
        result = finish(training)
    except (OSError, ValueError) as error:
        return fail(VERB, error)
    except ArithmeticError as error:
        return fail(VERB, error, ExitStatus.FAILED)
    write_output(json.dumps(result) + '\n' if args.json else _text(result))
    return ExitStatus.OK


def _begin(args: argparse.Namespace) -> TrainingRun:
    """Check the arguments, and load data and state."""
    from nn_perception.training.digits.mnist import download_mnist
    from nn_perception.training.digits.training_loop import TrainingSettings
    from nn_perception.training.digits.training_run import (
        check_writable,
        TrainingOptions,
        TrainingRun,
    )

    settings = TrainingSettings(
        network=f'digit_{args.network}',
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        seed=args.seed,
        precision=args.precision,
    )
    options = TrainingOptions(
        data=args.data,
        output=args.output,
        settings=settings,
        clutter=args.clutter,
        limit=args.limit,
        augment=args.augment == 'full',
        restart=args.restart,
    )
    if importlib.util.find_spec('matplotlib') is None:
        raise ValueError('the plots need matplotlib, which is not installed')
    if args.download:
        check_writable(args.output)
        download_mnist(args.data)
    return TrainingRun(options)


def _train(training: TrainingRun, threads: int) -> bool:
    """Train, with a progress bar and a line per epoch; return whether it is finished."""
    from nn_perception.core.inference.processors import usable_cores
    import torch

    torch.set_num_threads(threads or usable_cores())
    torch.use_deterministic_algorithms(True)
    # Filling memory finds bugs, but costs time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    epochs = training.options.settings.epochs
    bar = ProgressBar()

    def on_step(epoch: int, step: int, steps: int) -> None:
        bar.show(f'epoch {epoch + 1} of {epochs}', epoch * steps + step, epochs * steps)

    def on_epoch(epoch: Epoch) -> None:
        bar.clear()
        write_error(
            f'epoch {epoch.epoch} of {epochs}: loss {epoch.train_loss:.4f}, '
            f'validation {epoch.validation_accuracy:.2%}, {epoch.seconds / 60:.1f} min\n'
        )

    with _stop_signals() as stops:
        done = training.train(on_step=on_step, on_epoch=on_epoch, stopping=lambda: bool(stops))
    bar.clear()
    return done


@contextlib.contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM, so that the current step can finish."""
    stops: list[int] = []
    before = {
        number: signal.signal(number, lambda got, _: stops.append(got))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stops
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _text(report: dict[str, Any]) -> str:
    lines = [
        f'{report["checkpoint"]}',
        f'  {report["parameters"]} parameters, {report["seconds"] / 60:.1f} min',
        f'  MNIST test: {report["accuracy"]:.2%}, {report["errors"]} errors of '
        f'{report["examples"]}',
    ]
    for label, recall, precision in zip(
        report['labels'], report['recall'], report['precision'], strict=True
    ):
        if recall is not None:
            lines.append(f'  {label}: recall {recall:.2%}, precision {precision or 0.0:.2%}')
    return '\n'.join(lines) + '\n'
