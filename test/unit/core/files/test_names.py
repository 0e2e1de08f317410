"""Names that are safe as names of files."""

import unicodedata

from nn_perception.core.files.names import checked_name
import pytest


@pytest.mark.parametrize(
    'label',
    ['mug', 'Mug 2', 'tea_cup-3', 'x', 'a' * 64, 'Tasse für Kaffee', 'кружка', '杯子', 'マグ',
     'كوب', 'ספל', 'कॉफ़ी', 'แก้ว', '杯' * 64, '7', '_', '-'],
)  # fmt: skip
def test_allowed(tmp_path, label):
    stored = checked_name(label, 'label')
    assert unicodedata.normalize('NFC', label) == stored
    (tmp_path / stored).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [stored]


@pytest.mark.parametrize(
    ('label', 'reason'),
    [
        ('', 'it is empty'),
        ('   ', 'it is empty'),
        ('\t\n', 'it is empty'),
        ('../../etc', r"'\.' is not allowed"),
        ('..', r"'\.' is not allowed"),
        ('/etc/passwd', "'/' is not allowed"),
        ('a\\b', 'is not allowed'),
        ('a\nb', r"'\\n' is not allowed"),
        ('mug\n', r"'\\n' is not allowed"),
        ('a\x00b', 'is not allowed'),
        ('a\x1b[2J', 'is not allowed'),
        ('a\u2028b', 'is not allowed'),
        ('a\u200bb', 'is not allowed'),  # zero width
        ('a\u202eb', 'is not allowed'),  # right-to-left override
        ('a\u00a0b', 'is not allowed'),  # no-break space
        ('a\udcffb', 'is not allowed'),  # a lone surrogate
        ('\u0301', 'is not allowed'),  # a combining accent without a letter
        ('mug?', 'is not allowed'),
        ('"mug"', 'is not allowed'),
        ('☕', 'is not allowed'),
        (' mug', 'begins or ends with a space'),
        ('mug ', 'begins or ends with a space'),
        ('a' * 65, 'it has 65 characters'),
        ('a' * 300, 'it has 300 characters'),
        ('𝒜' * 64, 'it takes 256 bytes of at most 255'),
    ],
)
def test_rejected(label, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        checked_name(label, 'label')
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 200
    assert 'cannot be the name of a label' in message


def test_equivalent_spellings_give_one_name():
    assert checked_name('cafe\u0301', 'label') == checked_name('café', 'label') == 'caf\u00e9'


def test_names_without_spaces():
    assert checked_name('my_mugs', 'model', spaces=False) == 'my_mugs'
    with pytest.raises(
        ValueError, match="' ' is not allowed; allowed are 1 to 64 letters, digits, _"
    ):
        checked_name('my mugs', 'model', spaces=False)
