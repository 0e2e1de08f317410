"""The text of a network, and what is wrong with it."""

from __future__ import annotations

from nn_perception.core.networks.defined.definition import parse
from nn_perception.core.networks.defined.presets import PRESETS
from nn_perception.studio.train.start.definition_editor import check, Fit, preset_text, rows
import pytest

DIGITS = Fit()


@pytest.mark.parametrize('preset', PRESETS)
@pytest.mark.parametrize('fit', [DIGITS, Fit((3, 64, 64), 3)])
def test_every_preset_follows_the_data(preset: str, fit: Fit) -> None:
    found = check(preset_text(preset, fit), fit, 64, 'adam')
    assert (tuple(found.input), found.outputs) == (fit.shape, fit.classes)


def test_a_preset_is_written_as_it_is() -> None:
    assert parse(preset_text('lenet5', DIGITS)) == PRESETS['lenet5'].define()


@pytest.mark.parametrize(
    ('old', 'new', 'words'),
    [
        ('{\n  "input"', '"input"', 'not JSON'),
        ('"max_pool"', '"maxpool"', 'did you mean max_pool?'),
        ('"units": 10}', '"units": 11}', '10 classes'),
        ('[1, 28, 28]', '[1, 32, 32]', 'the input must be'),
        ('"filters": 6', '"filters": -1', 'layer 1'),
    ],
)
def test_what_is_wrong_is_a_sentence(old: str, new: str, words: str) -> None:
    text = preset_text('lenet5', DIGITS)
    assert old in text
    with pytest.raises(ValueError, match=r'.') as caught:
        check(text.replace(old, new), DIGITS, 64, 'adam')
    assert words in str(caught.value)


def test_what_is_too_large_is_a_sentence_with_figures() -> None:
    text = preset_text('lenet5', DIGITS).replace('"units": 120', '"units": 16384')
    text = text.replace('"units": 84', '"units": 16384')
    with pytest.raises(ValueError, match=r'MB of memory, but'):
        check(text, DIGITS, 64, 'adam')
    # The batch size counts, too.
    with pytest.raises(ValueError, match=r'batch size'):
        check(preset_text('lenet5', DIGITS), DIGITS, 0, 'adam')


def test_layers_have_shapes_and_weights() -> None:
    found = rows(PRESETS['single_layer'].define())
    assert found == [
        ['input', '1 x 28 x 28', '0'],
        ['flatten1', '784', '0'],
        ['linear2', '10', '7,850'],
    ]
