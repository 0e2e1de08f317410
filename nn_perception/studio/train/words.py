"""What a run is doing, in words and figures for people."""

from __future__ import annotations

from collections.abc import Sequence
import math

from nn_perception.studio.teach.errors import sentence
from nn_perception.studio.train.feed import RunReading
from nn_perception.training.runs.records import RunState, RunStatus

STATES = {
    RunState.STARTING: 'Starting',
    RunState.RUNNING: 'Training',
    RunState.PAUSED: 'Paused',
    RunState.FINISHED: 'Finished',
    RunState.FAILED: 'Failed',
    RunState.ENDED: 'Ended',
}
# All that have a process; one that has failed begins again with other settings.
STEERED = (
    RunState.STARTING,
    RunState.RUNNING,
    RunState.PAUSED,
    RunState.FINISHED,
    RunState.FAILED,
)
NONE = '–'
# Points of a curve that a figure is the mean of.
WINDOW = 10


def state_words(status: RunStatus) -> str:
    """Say what a run is doing; it changes only when the state does."""
    if status.message:
        return f'{STATES[status.state]}: {sentence(status.message)}'
    if status.state is RunState.FINISHED:
        return f'Finished: all {status.epochs} epochs are done.'
    if status.state is RunState.ENDED:
        return 'Ended: its process has ended; its results are stored.'
    return f'{STATES[status.state]}.'


def progress(status: RunStatus) -> float:
    """Return the share of all steps that is done."""
    if status.epochs <= 0 or status.steps_per_epoch <= 0:
        return 1.0 if status.state is RunState.FINISHED else 0.0
    epoch_share = status.step / status.steps_per_epoch - status.epoch
    return min(max((status.epoch + min(max(epoch_share, 0.0), 1.0)) / status.epochs, 0.0), 1.0)


def figures(reading: RunReading) -> dict[str, str]:
    """Return the figures of a run by their names."""
    status, history = reading.status, reading.history
    busy = status.state is RunState.RUNNING
    return {
        'Epochs done': f'{status.epoch} of {status.epochs}',
        'Step': f'{status.step:,}',
        'Examples seen': f'{status.examples:,}',
        'Examples a second': f'{status.examples_per_s:,.0f}' if busy else NONE,
        'Forward': _ms(status.forward_ms),
        'Backward and update': _ms(status.backward_ms),
        'Loss': loss(_lately(history.loss)),
        'L2 loss (weight decay)': loss(status.l2_loss),
        'Training accuracy': percent(_lately(history.accuracy)),
        'Validation accuracy': percent(
            history.validation_accuracy[-1] if history.validation_accuracy else None
        ),
        'Time training': duration(status.seconds),
    }


def percent(share: float | None) -> str:
    """Write a share."""
    return NONE if share is None or not math.isfinite(share) else f'{100 * share:.1f} %'


def loss(value: float | None) -> str:
    """Write a loss."""
    if value is None:
        return NONE
    return f'{value:.4g}' if math.isfinite(value) else 'not a number'


def duration(seconds: float) -> str:
    """Write a duration."""
    if seconds < 60:
        return f'{seconds:.1f} s'
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours} h {minutes} min' if hours else f'{minutes} min {rest} s'


def memory(size_bytes: float) -> str:
    """Write an amount of memory."""
    mega = size_bytes / 1024**2
    return f'{mega:.1f} MB' if mega < 1024 else f'{mega / 1024:.1f} GB'


def _lately(values: Sequence[float]) -> float | None:
    """Average over the newest points; those of single batches jump."""
    newest = values[-WINDOW:]
    return sum(newest) / len(newest) if newest else None


def _ms(milliseconds: float) -> str:
    return f'{milliseconds:.1f} ms' if milliseconds > 0 else NONE
