"""Names that are safe as names of files."""

import unicodedata

from nn_perception.core.files.names import (
    checked_label,
    checked_name,
    folded_name,
    reserved_name,
)
import pytest

LETTERS = [
    'mug', 'Mug 2', 'tea_cup-3', 'x', 'a' * 64, 'Tasse für Kaffee', 'кружка', '杯子', 'マグ',
    'كوب', 'ספל', 'कॉफ़ी', 'แก้ว', '杯' * 64, '7', '_', '-',
]  # fmt: skip
LABELS = [
    'screw (M4)', "Mom's mug", 'tabby, tabby cat', 'C++ & C#', 'e.t.c', 'No. 5', 'mug.', '(x)',
    "'", '#1', 'R&D', 'a+b', ',', '+',
]  # fmt: skip


@pytest.mark.parametrize('name', LETTERS)
def test_allowed(tmp_path, name):
    stored = checked_name(name, 'dataset')
    assert unicodedata.normalize('NFC', name) == stored == checked_label(name)
    (tmp_path / stored).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [stored]


@pytest.mark.parametrize('label', LABELS)
def test_labels_may_have_some_marks(tmp_path, label):
    (tmp_path / checked_label(label)).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [label]
    with pytest.raises(ValueError, match='cannot be the name of a dataset'):
        checked_name(label, 'dataset')


@pytest.mark.parametrize(
    ('label', 'reason'),
    [
        ('', 'it is empty'),
        ('   ', 'it is empty'),
        ('\t\n', 'it is empty'),
        ('../../etc', "'/' is not allowed"),
        ('..', 'it begins with a dot'),
        ('.hidden', 'it begins with a dot'),
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
        ('mug\u034f', r"'\\u034f' is not allowed"),  # combining, and shows nothing
        ('mug\u3164', r"'\\u3164' is not allowed"),  # a letter that shows nothing
        ('mug\ufe0f', r"'\\ufe0f' is not allowed"),  # variation selector
        ('杯\U000e0100', 'is not allowed'),
        ('\uffa0', 'is not allowed'),
        ('mug?', 'is not allowed'),
        ('a:b', 'is not allowed'),
        ('a*', 'is not allowed'),
        ('$a$', 'is not allowed'),
        ('Mom\u2019s mug', 'is not allowed'),
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
        checked_label(label)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 200
    assert 'cannot be the name of a label' in message


def test_equivalent_spellings_give_one_name():
    assert checked_label('cafe\u0301') == checked_label('café') == 'caf\u00e9'


def test_names_without_spaces():
    assert checked_name('my_mugs', 'model', spaces=False) == 'my_mugs'
    with pytest.raises(
        ValueError, match="' ' is not allowed; allowed are 1 to 64 letters, digits, _"
    ):
        checked_name('my mugs', 'model', spaces=False)


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('CON', 'Windows'),
        ('con', 'Windows'),
        ('Nul.txt', 'Windows'),
        ('aux .', 'Windows'),
        ('COM1', 'Windows'),
        ('lpt9', 'Windows'),
        ('LPT\u00b2', 'Windows'),
        ('-rf', 'option'),
        ('--help', 'option'),
        ('- mug', 'option'),
    ],
)
def test_reserved(name, reason):
    assert reason in reserved_name(checked_label(name))


@pytest.mark.parametrize('name', ['mug', '-', 'console', 'con man', 'COM', 'COM10', 'null', 'a-b'])
def test_not_reserved(name):
    assert reserved_name(name) == ''


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ('mug', 'MUG'),
        ('mug', 'mug\u034f'),
        ('my mug', 'my  mug'),
        ('mug', 'mug.'),
        ('ΜΟΥΣ', 'μους'),  # a final sigma
        ('\u212a', 'k'),  # Kelvin
        ('cafe\u0301', 'CAF\u00c9'),
    ],
)
def test_alike(one, other):
    assert folded_name(one) == folded_name(other)


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ('mug', 'mugs'),
        ('Maße', 'Masse'),
        ('cafe', 'café'),
        ('m2', 'm²'),
        ('a b', 'ab'),
    ],
)
def test_not_alike(one, other):
    assert folded_name(one) != folded_name(other)
