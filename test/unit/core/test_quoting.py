"""Quoted text in messages."""

from nn_perception.core.quoting import listed, MAX_SENTENCE, printable, quoted, shortened, shown
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


def test_shown():
    assert [shown(text) for text in ('/front/image', '/vorne/ü', '', 'a\x1b[2J', 'x' * 300)] == [
        '/front/image', '/vorne/ü', "''", r"'a\x1b[2J'", f"'{'x' * 37}...'"
    ]  # fmt: skip


def test_printable():
    assert printable('two\n  lines \x1b[2J ü \udcff') == 'two lines \ufffd[2J ü \ufffd'


def test_listed():
    assert listed([]) == ''
    assert listed(['a', 'b']) == 'a, b'
    assert listed(['a', 'b'], '; ') == 'a; b'
    assert listed(['a'] * 23) == ', '.join(['a'] * 20) + ' and 3 more'
