"""What decides, together with the frames, what is learned."""

from __future__ import annotations

from dataclasses import dataclass
import math

HEAD = 'head'
UNFREEZE = (HEAD, 'last_block', 'all')


@dataclass(frozen=True)
class FineTuneSettings:
    """
    What decides, together with the frames, what is learned.

    :param unfreeze: what may change: ``head``, ``last_block`` or ``all``
    :param max_epochs: of ``last_block`` and ``all``, at most; 0: chosen
    :param learning_rate: the highest one of these; 0: chosen
    :param validation_fraction: of each label's frames, kept apart to measure with
    :param seed: what all randomness begins with
    :raises ValueError: if a value is out of range
    """

    unfreeze: str = HEAD
    max_epochs: int = 0
    learning_rate: float = 0.0
    validation_fraction: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        if self.unfreeze not in UNFREEZE:
            raise ValueError(f'unfreeze must be {", ".join(UNFREEZE)}, got {self.unfreeze!r}')
        if self.max_epochs < 0:
            raise ValueError(f'max_epochs must not be negative, got {self.max_epochs}')
        if not 0.0 <= self.learning_rate < math.inf:
            raise ValueError(f'learning_rate must be 0 or more, got {self.learning_rate}')
        if not 0.0 < self.validation_fraction <= 0.5:
            raise ValueError(
                f'validation_fraction must be above 0, at most 0.5, got {self.validation_fraction}'
            )
        if self.seed < 0:
            raise ValueError(f'seed must not be negative, got {self.seed}')
