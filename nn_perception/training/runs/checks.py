"""Check settings of a run before anything is started; without torch."""

from __future__ import annotations

from nn_perception.core.quoting import quoted
from nn_perception.training.runs.records import OPTIMIZERS, Rates, RunSettings

PLAIN, TRAIN_DIGITS = RECIPES = ('plain', 'train-digits')
# What the command uses; the learning rate is the peak of its schedule.
TRAIN_DIGITS_RATES = Rates('nesterov', 0.1, 0.9, 128, 5e-4)
MAX_BATCH = 1024
MAX_EPOCHS = 10_000
MAX_TITLE = 200
MAX_SEED = (1 << 32) - 1
MAX_LEARNING_RATE = 1000.0
# What the training of a network may take, beside the samples and the libraries.
MAX_TRAINING_BYTES = 2_000_000_000


def check_rates(rates: Rates) -> None:
    """
    Check rates.

    :raises ValueError: a sentence, if a value is out of range
    """
    if rates.optimizer not in OPTIMIZERS:
        known = ', '.join(OPTIMIZERS)
        raise ValueError(f'The optimizer must be one of {known}, got {quoted(rates.optimizer)}.')
    if not 0.0 < rates.learning_rate <= MAX_LEARNING_RATE:
        raise ValueError(
            f'The learning rate must be above 0 and at most {MAX_LEARNING_RATE:g}, '
            f'got {rates.learning_rate:g}.'
        )
    if not 0.0 <= rates.momentum < 1.0:
        raise ValueError(f'The momentum must be 0 to below 1, got {rates.momentum:g}.')
    if not 1 <= rates.batch_size <= MAX_BATCH:
        raise ValueError(f'The batch size must be 1 to {MAX_BATCH}, got {rates.batch_size}.')
    if not 0.0 <= rates.weight_decay <= 1.0:
        raise ValueError(f'The weight decay must be 0 to 1, got {rates.weight_decay:g}.')


def check_recipe(recipe: str, rates: Rates) -> None:
    """
    Check that a recipe knows the rates.

    :raises ValueError: a sentence, if it does not
    """
    if recipe not in RECIPES:
        raise ValueError(f'The recipe must be {" or ".join(RECIPES)}, got {quoted(recipe)}.')
    fixed = ('optimizer', 'momentum', 'weight_decay')
    if recipe == TRAIN_DIGITS and any(
        getattr(rates, name) != getattr(TRAIN_DIGITS_RATES, name) for name in fixed
    ):
        raise ValueError(
            'The recipe train-digits uses Nesterov momentum of 0.9 and a weight decay of 0.0005; '
            'only its learning rate and its batch size can be chosen.'
        )


def check_epochs(epochs: int) -> None:
    """
    Check the number of epochs.

    :raises ValueError: a sentence, if it is out of range
    """
    if not 1 <= epochs <= MAX_EPOCHS:
        raise ValueError(f'The number of epochs must be 1 to {MAX_EPOCHS}, got {epochs}.')


def check_settings(settings: RunSettings) -> None:
    """
    Check everything but the network and the data.

    :raises ValueError: a sentence, if a value is wrong
    """
    if not settings.title.strip() or len(settings.title) > MAX_TITLE:
        raise ValueError(f'The title must have 1 to {MAX_TITLE} characters.')
    if not settings.title.isprintable():
        raise ValueError('The title must be one line of text.')
    check_rates(settings.rates)
    check_recipe(settings.recipe, settings.rates)
    check_epochs(settings.epochs)
    if not 0 <= settings.seed <= MAX_SEED:
        raise ValueError(f'The seed must be 0 to {MAX_SEED}, got {settings.seed}.')
    if settings.limit < 0:
        raise ValueError(f'The limit must not be negative, got {settings.limit}.')
