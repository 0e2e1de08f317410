"""Settings of a fine-tuning job."""

from __future__ import annotations

from dataclasses import dataclass
import math

from nn_perception.core.quoting import quoted

HEAD = 'head'
UNFREEZE = (HEAD, 'last_block', 'all')


@dataclass(frozen=True)
class FineTuneSettings:
    """
    Settings that, together with the frames, determine the result.

    :param unfreeze: what is trained: ``head``, ``last_block`` or ``all``
    :param max_epochs: maximum number of epochs of ``last_block`` and ``all``; 0: default
    :param learning_rate: peak of the learning rate of these; 0: default
    :param validation_fraction: fraction of each label's frames that is held out
    :param seed: seed of all randomness
    :raises ValueError: if a value is out of range
    """

    unfreeze: str = HEAD
    max_epochs: int = 0
    learning_rate: float = 0.0
    validation_fraction: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values."""
        if self.unfreeze not in UNFREEZE:
            raise ValueError(
                f'unfreeze must be {", ".join(UNFREEZE)}, got {quoted(self.unfreeze)}'
            )
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


DEFAULT_SETTINGS = FineTuneSettings()
