"""Slips of the keyboard."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
import re

_SIMILAR = 0.75
# Of what is compared: comparing takes as long as its length and that of the name multiplied.
_LONGEST = 100
_MAX_DIFFERENCE = 3


def closest(text: str, names: Iterable[str]) -> str:
    """
    Find the name that was probably meant; empty if none is similar.

    :param text: what was written
    :param names: the right spellings
    """
    known = sorted(names)
    misspelt = next((name for name in known if is_misspelling(text, name)), '')
    return misspelt or next(iter(get_close_matches(text[:_LONGEST], known, 1, _SIMILAR)), '')


def is_misspelling(text: str, name: str) -> bool:
    """
    Tell whether a text is a name with one slip of the keyboard, or two in a long name.

    A name with something added, such as ``tagger2``, is another name, and so may be a short word
    with another letter.

    :param text: what was written
    :param name: the right spelling
    """
    if abs(len(text) - len(name)) > _MAX_DIFFERENCE:
        return False
    plain = [re.sub(r'[\W_]', '', one.lower()) for one in (text, name)]
    if text == name or (text[:1].isalpha() and re.sub(r'\d', '', text) == re.sub(r'\d', '', name)):
        return False
    if plain[0] == plain[1]:
        return True
    shorter, longer = sorted((text, name), key=len)
    if len(longer) - len(shorter) > 1 and (longer.startswith(shorter) or longer.endswith(shorter)):
        return False
    return len(name) > 5 and _slips(text, name) <= (2 if len(name) > 10 else 1)


def _slips(first: str, second: str) -> int:
    """Count the letters that are missing, added, wrong or exchanged with their neighbour."""
    rows = [list(range(len(second) + 1))]
    for i, letter in enumerate(first):
        row = [i + 1]
        for j, other in enumerate(second):
            cost = min(rows[-1][j + 1] + 1, row[j] + 1, rows[-1][j] + (letter != other))
            if i and j and (letter, first[i - 1]) == (second[j - 1], other):
                cost = min(cost, rows[-2][j - 1] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
