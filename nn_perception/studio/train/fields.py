"""The numbers that people type: their names, limits, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
import math

# Longer than any number that makes sense.
MAX_LENGTH = 40


@dataclass(frozen=True)
class NumberRule:
    """
    What a field accepts.

    :param title: for people
    :param low: smallest value
    :param high: largest value
    :param whole: only whole numbers
    :param above: ``low`` itself is not accepted
    :param below: ``high`` itself is not accepted
    """

    title: str
    low: float
    high: float
    whole: bool = False
    above: bool = False
    below: bool = False

    @property
    def label(self) -> str:
        """Of its field."""
        return self.title.removeprefix('The ').removeprefix('number of ').capitalize()

    def parse(self, text: str) -> float:
        """
        Read a number.

        :raises ValueError: a sentence, if it is not accepted
        """
        text = text.strip().replace(',', '.')[:MAX_LENGTH]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(f'{self.title} is a number, for example {self._example()}.')
        if self.whole and value != int(value):
            raise ValueError(f'{self.title} is a whole number.')
        too_low = value <= self.low if self.above else value < self.low
        too_high = value >= self.high if self.below else value > self.high
        if too_low or too_high:
            raise ValueError(f'{self.title} is {self._range()}.')
        return value

    def write(self, value: float) -> str:
        """Write a number for its field."""
        return str(int(value)) if self.whole else f'{value:.6g}'

    def _example(self) -> str:
        return str(int(max(self.low, 1))) if self.whole else '0.01'

    def _range(self) -> str:
        low = f'above {self.low:g}' if self.above else f'at least {self.low:g}'
        high = f'below {self.high:g}' if self.below else f'at most {self.high:g}'
        return f'{low} and {high}'


RATE_RULES = {
    'learning_rate': NumberRule('The learning rate', 0, 100, above=True),
    'momentum': NumberRule('The momentum', 0, 1, below=True),
    'batch_size': NumberRule('The batch size', 1, 1024, whole=True),
    'weight_decay': NumberRule('The weight decay', 0, 1),
}
EPOCHS = NumberRule('The number of epochs', 1, 10_000, whole=True)
SEED = NumberRule('The seed', 0, 2**31 - 1, whole=True)
LIMIT = NumberRule('The number of training samples', 0, 10_000_000, whole=True)

OPTIMIZERS = {
    'sgd': 'SGD',
    'momentum': 'SGD with momentum',
    'nesterov': 'Nesterov momentum',
    'adagrad': 'Adagrad',
    'adadelta': 'Adadelta',
    'rmsprop': 'RMSprop',
    'adam': 'Adam',
    'adamw': 'AdamW',
}
# Learning rates that suit the optimizers for small networks.
GOOD_RATES = {
    'sgd': 0.1,
    'momentum': 0.02,
    'nesterov': 0.02,
    'adagrad': 0.02,
    'adadelta': 1.0,
    'rmsprop': 0.001,
    'adam': 0.001,
    'adamw': 0.001,
}
