"""Validate names of labels, datasets and models, which become names of files."""

from __future__ import annotations

import re
import unicodedata

from nn_perception.core.quoting import quoted

MAX_CHARACTERS = 64
# The limit of file systems, in bytes of UTF-8.
MAX_BYTES = 255
MARKS = '_-'
# Labels are words of people: "screw (M4)", "Mom's mug", "tabby, tabby cat".
LABEL_MARKS = "_-'(),.&+#"
# Letters and accents that show nothing: fillers, joiners, variation selectors (Unicode's
# Default_Ignorable_Code_Point, as far as they are letters or marks).
INVISIBLE = re.compile(
    '[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]'
)
# Names that Windows and its file systems keep for devices, whatever follows a dot.
DEVICE = re.compile(r'(con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\..*)?', re.IGNORECASE)


def checked_name(text: str, what: str, *, spaces: bool = True) -> str:
    """
    Check that a name is safe as the name of a file or folder.

    A safe name has 1 to 64 characters: letters of any script with their accents and vowel signs,
    digits, ``_``, ``-``, and spaces except at the ends. This excludes paths, hidden files and
    characters that cannot be seen.

    :param text: the name
    :param what: kind of thing that it names, for the error message
    :param spaces: whether spaces are allowed
    :returns: the name in Unicode normalisation form C, because ``é`` has two representations
    :raises ValueError: if the name is not safe
    """
    allowed = f'letters, digits, {"spaces, " if spaces else ""}_ and -'
    return _checked(text, what, f'{MARKS} ' if spaces else MARKS, allowed)


def checked_label(text: str) -> str:
    """
    Check that a label is safe as the name of a folder.

    A label may also contain ``' ( ) , . & + #``; it does not begin with a dot.

    :returns: the label in Unicode normalisation form C
    :raises ValueError: if the label is not safe
    """
    allowed = f'letters, digits, spaces and {" ".join(LABEL_MARKS)}'
    return _checked(text, 'label', f'{LABEL_MARKS} ', allowed)


def reserved_name(name: str) -> str:
    """
    Say why a safe name should not be given to anything new; empty if it may.

    :param name: the result of :func:`checked_name` or :func:`checked_label`
    """
    if len(name) > 1 and name.startswith('-'):
        return 'it begins with -, and commands would take it for an option'
    if DEVICE.fullmatch(name):
        return 'Windows keeps that name for a device'
    return ''


def folded_name(name: str) -> str:
    """
    Fold what some people or file systems cannot tell apart: names with one result are alike.

    These are capitals, characters that cannot be seen, the number of spaces, and dots at the end.
    """
    visible = INVISIBLE.sub('', unicodedata.normalize('NFC', name))
    folded = ''.join(_simple_fold(character) for character in visible)
    return ' '.join(folded.split()).rstrip(' .')


def _simple_fold(character: str) -> str:
    """Fold a character to a single one, as file systems do: ``ß`` does not become ``ss``."""
    folded = character.casefold()
    return folded if len(folded) == 1 else character.lower()


def _checked(text: str, what: str, marks: str, allowed: str) -> str:
    name = unicodedata.normalize('NFC', text)
    fault = _fault(name, marks)
    if fault:
        raise ValueError(
            f'{quoted(name)} cannot be the name of a {what}: {fault}; allowed are 1 to '
            f'{MAX_CHARACTERS} {allowed}'
        )
    return name


def _fault(name: str, marks: str) -> str:
    if not name.strip():
        return 'it is empty'
    if len(name) > MAX_CHARACTERS:
        return f'it has {len(name)} characters'
    unsafe = next((i for i in range(len(name)) if not _is_safe(name, i, marks)), None)
    if unsafe is not None:
        character = name[unsafe]
        shown = ascii(character) if INVISIBLE.match(character) else repr(character)
        return f'{shown} is not allowed'
    if name != name.strip(' '):
        return 'it begins or ends with a space'
    if name.startswith('.'):
        return 'it begins with a dot'
    size = len(name.encode())
    return f'it takes {size} bytes of at most {MAX_BYTES}' if size > MAX_BYTES else ''


def _is_safe(name: str, index: int, marks: str) -> bool:
    character = name[index]
    if INVISIBLE.match(character):
        return False
    if character.isalnum() or character in marks:
        return True
    # Vowel signs (Hindi, Thai) and combining accents are not alphanumeric to Python.
    return index > 0 and unicodedata.category(character) in ('Mn', 'Mc')
