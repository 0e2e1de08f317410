"""The numbers that people type."""

from __future__ import annotations

from nn_perception.studio.train.fields import (
    EPOCHS,
    GOOD_RATES,
    OPTIMIZERS,
    RATE_RULES,
    SEED,
)
from nn_perception.training.runs import records
import pytest


@pytest.mark.parametrize(
    ('rule', 'text', 'value'),
    [
        ('learning_rate', '0.05', 0.05),
        ('learning_rate', ' 1e-3 ', 0.001),
        ('learning_rate', '0,05', 0.05),
        ('momentum', '0', 0.0),
        ('batch_size', '1024', 1024),
        ('weight_decay', '1', 1.0),
    ],
)
def test_numbers_are_read(rule: str, text: str, value: float) -> None:
    assert RATE_RULES[rule].parse(text) == value


@pytest.mark.parametrize(
    ('rule', 'text', 'sentence'),
    [
        ('learning_rate', '', 'The learning rate is a number, for example 0.01.'),
        ('learning_rate', 'fast', 'The learning rate is a number, for example 0.01.'),
        ('learning_rate', 'nan', 'The learning rate is a number, for example 0.01.'),
        ('learning_rate', '1e999', 'The learning rate is a number, for example 0.01.'),
        ('learning_rate', '0', 'The learning rate is above 0 and at most 100.'),
        ('learning_rate', '-1', 'The learning rate is above 0 and at most 100.'),
        ('momentum', '1', 'The momentum is at least 0 and below 1.'),
        ('batch_size', '12.5', 'The batch size is a whole number.'),
        ('batch_size', '0', 'The batch size is at least 1 and at most 1024.'),
    ],
)
def test_other_texts_give_a_sentence(rule: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f'^{sentence}$'):
        RATE_RULES[rule].parse(text)


def test_numbers_are_written_as_they_are_read() -> None:
    for rule, value in ((RATE_RULES['learning_rate'], 1e-5), (EPOCHS, 10), (SEED, 2**31 - 1)):
        assert rule.parse(rule.write(value)) == value


def test_every_optimizer_has_a_title_and_a_rate() -> None:
    assert set(OPTIMIZERS) == set(GOOD_RATES) == set(records.OPTIMIZERS)


def test_the_labels_are_short() -> None:
    assert (EPOCHS.label, SEED.label) == ('Epochs', 'Seed')
    assert RATE_RULES['batch_size'].label == 'Batch size'
