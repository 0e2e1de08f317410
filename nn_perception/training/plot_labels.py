"""Labels of any script in a plot: by fonts that have their characters, or else by numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
import re
import unicodedata

# A longer label would leave no room for the plot.
MAX_CHARACTERS = 24
NOTE = '#: place of the label in report.json; no font on this computer has its characters'
# Names of letters whose last word is their sound.
SPELLED = re.compile(r'\b(LETTER|SYLLABLE|VOWEL SIGN)\b')
SILENT = ('NUKTA', 'VIRAMA')
# Draws boxes that stand for any character.
LAST_RESORT = 'Last Resort'


@dataclass(frozen=True)
class PlotLabels:
    """
    Labels as they are drawn.

    :param texts: one short text for each label, all different
    :param fonts: families of the fonts that have their characters; the first one that has a
        character draws it
    :param note: explains texts that stand for labels that cannot be drawn; empty if there are none
    """

    texts: tuple[str, ...]
    fonts: tuple[str, ...]
    note: str


def plot_labels(labels: Sequence[str]) -> PlotLabels:
    """Choose the text and the fonts that draw labels."""
    wanted = {ord(character) for label in labels for character in label if character != ' '}
    fonts, missing = _fonts_with(wanted)
    drawable = [not missing & {*map(ord, label)} for label in labels]
    texts = [
        _cut(label if drawn else f'#{number} {_spelled(label)}')
        for number, (label, drawn) in enumerate(zip(labels, drawable, strict=True), 1)
    ]
    times = Counter(texts)
    unique = tuple(
        text if times[text] == 1 else _cut(f'#{number} {text}')
        for number, text in enumerate(texts, 1)
    )
    return PlotLabels(unique, fonts, '' if all(drawable) else NOTE)


def _fonts_with(wanted: set[int]) -> tuple[tuple[str, ...], set[int]]:
    """Return fonts that have characters, by code point, and the characters that none has."""
    import matplotlib
    from matplotlib import font_manager

    default = font_manager.FontProperties()
    path = font_manager.findfont(default)
    families = [font_manager.get_font(path).family_name]
    missing = wanted - {*font_manager.get_font(path).get_charmap()}
    # Older ones draw a text with a single font.
    others = font_manager.fontManager.ttflist if matplotlib.__version_info__ >= (3, 6) else []
    for entry in sorted(others, key=lambda font: font.fname):
        if not missing:
            break
        if entry.name in families or entry.name.startswith(LAST_RESORT):
            continue
        try:
            known = {*font_manager.get_font(entry.fname).get_charmap()}
        except (OSError, RuntimeError):  # a damaged file
            continue
        if missing & known:
            families.append(entry.name)
            missing -= known
    return tuple(families), missing


def _spelled(label: str) -> str:
    """
    Spell letters by their names in Unicode, and escape other characters as in report.json.

    ``कप`` becomes ``kapa`` and ``컵`` ``keob``; ``杯``, whose name is a number, is escaped.
    """
    spelled = ''
    for character in label:
        kind, _, sound = unicodedata.name(character, '').rpartition(' ')
        is_sign = 'SIGN' in kind.split()
        if is_sign and sound != 'NUKTA':
            spelled = spelled.removesuffix('a')  # the vowel that a letter has without a sign
        if is_sign and sound in SILENT:
            continue
        if SPELLED.search(kind) and sound.isalpha():
            spelled += sound.lower()
        else:
            spelled += character.encode('ascii', 'backslashreplace').decode('ascii')
    return spelled


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f'{text[: MAX_CHARACTERS - 1]}…'
