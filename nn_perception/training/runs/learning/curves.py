"""The curves of a run, thinned while it trains."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from nn_perception.training.runs.plain_records import from_plain
from nn_perception.training.runs.records import History

MAX_POINTS = 2000
BY_BATCH = ('examples', 'seconds', 'loss', 'accuracy')


@dataclass(frozen=True)
class EpochPoint:
    """Metrics of an epoch; the fields are those of History by epoch."""

    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float


@dataclass
class Pending:
    """
    Batches since the last point.

    :param every: number of batches of a point
    """

    every: int = 1
    batches: int = 0
    loss: float = 0.0
    correct: int = 0
    samples: int = 0


@dataclass
class Curves:
    """
    The points so far.

    When there are too many, each two become one, and each later point is of twice as many batches.
    """

    points: dict[str, list[Any]] = field(
        default_factory=lambda: {each.name: [] for each in fields(History)}
    )
    pending: Pending = field(default_factory=Pending)

    def add_batch(self, loss: float, correct: int, samples: int) -> None:
        """Add a batch, see :meth:`finish_batch`."""
        pending = self.pending
        pending.batches += 1
        pending.loss += loss * samples
        pending.correct += correct
        pending.samples += samples

    def finish_batch(self, examples: int, seconds: float) -> None:
        """Say how many examples have been seen, and how many seconds have been spent."""
        pending = self.pending
        if pending.batches < pending.every:
            return
        mean = (pending.loss / pending.samples, pending.correct / pending.samples)
        for name, value in zip(BY_BATCH, (examples, seconds, *mean), strict=True):
            self.points[name].append(value)
        every = pending.every
        if len(self.points['loss']) >= MAX_POINTS:
            self._halve(BY_BATCH, ('loss', 'accuracy'))
            every *= 2
        self.pending = Pending(every)

    def add_epoch(self, number: int, point: EpochPoint) -> None:
        """Add an epoch."""
        for name, value in {'epochs': number, **asdict(point)}.items():
            self.points[name].append(value)
        if len(self.points['epochs']) > MAX_POINTS:
            names = tuple(name for name in self.points if name not in BY_BATCH)
            self._halve(names, ())

    def history(self) -> History:
        """Return the points."""
        return History(**{name: tuple(values) for name, values in self.points.items()})

    def to_json(self) -> dict[str, Any]:
        """Write everything that :meth:`from_json` needs to go on."""
        return {'history': self.points, 'pending': asdict(self.pending)}

    @classmethod
    def from_json(cls, values: Any) -> Curves:
        """
        Read what :meth:`to_json` has written; it may come from a stranger.

        :raises ValueError: if it is not that
        """
        if not isinstance(values, dict) or values.keys() != {'history', 'pending'}:
            raise ValueError('its curves are not complete')
        history = from_plain(History, values['history'], 'history')
        points = {name: list(getattr(history, name)) for name in cls().points}
        lengths = {name: len(column) for name, column in points.items()}
        by_batch = {lengths.pop(name) for name in BY_BATCH}
        if len(by_batch) > 1 or len(set(lengths.values())) > 1:
            raise ValueError('its curves have columns of different lengths')
        if max(by_batch | set(lengths.values())) > MAX_POINTS:
            raise ValueError(f'its curves have more than {MAX_POINTS} points')
        pending = from_plain(Pending, values['pending'], 'pending')
        if pending.every < 1 or not 0 <= pending.batches < pending.every:
            raise ValueError('its curves are not complete')
        return cls(points, pending)

    def _halve(self, names: tuple[str, ...], averaged: tuple[str, ...]) -> None:
        for name in names:
            column = self.points[name]
            later = column[1::2]
            if name in averaged:
                later = [(one + other) / 2 for one, other in zip(column[::2], later, strict=False)]
            self.points[name] = later
