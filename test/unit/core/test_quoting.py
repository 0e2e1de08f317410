"""Quoted text in messages."""

from nn_perception.core.quoting import quoted
import pytest


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('mono8', "'mono8'"),
        ('a\nb', r"'a\nb'"),
        ('x' * 40, f"'{'x' * 40}'"),
        ('x' * 41, f"'{'x' * 37}...'"),
        ('\U000e0001' * 99, r"'\U000e0001\U000e0001\U000e0001\U000e0...'"),
    ],
    ids=['short', 'line feed', '42 characters', '43 characters', 'not printable'],
)
def test_quoted(text, expected):
    assert quoted(text) == expected
    assert len(quoted(text)) <= 42
    assert quoted(text).isprintable()
