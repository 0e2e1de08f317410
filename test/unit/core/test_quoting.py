"""Quoted text in messages."""

from nn_perception.core.quoting import MAX_SENTENCE, quoted, shortened
import pytest


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('mono8', "'mono8'"),
        ('a\nb', r"'a\nb'"),
        ('x' * 40, f"'{'x' * 40}'"),
        ('x' * 41, f"'{'x' * 37}...'"),
        ("it's " * 20, '"' + "it's " * 7 + 'it..."'),
        ('\U000e0001' * 99, r"'\U000e0001\U000e0001\U000e0001\U000e0...'"),
    ],
    ids=['short', 'line feed', '42 characters', '43 characters', 'apostrophe', 'not printable'],
)
def test_quoted(text, expected):
    assert quoted(text) == expected
    assert len(quoted(text)) <= 42
    assert quoted(text).isprintable()


def test_shortened():
    assert shortened('x' * MAX_SENTENCE) == 'x' * MAX_SENTENCE
    assert shortened('an encoding', 10) == 'an e...ing'
    text = shortened('the beginning' + 'x' * 1_000_000 + 'the end')
    assert len(text) == MAX_SENTENCE
    assert text.startswith('the beginning') and text.endswith('the end')
