"""Which texts may become names of files: labels, data sets, models."""

from __future__ import annotations

import unicodedata

MAX_CHARACTERS = 64
# What file systems allow, counted in bytes of UTF-8.
MAX_BYTES = 255


def checked_name(text: str, what: str, *, spaces: bool = True) -> str:
    """
    Check that a text is safe as the name of a file or folder.

    Safe are 1 to 64 letters of any script with their accents and vowel signs, digits, ``_``, ``-``
    and spaces that are not at an end. So there is no path, no hidden file and no control
    character.

    :param what: what the text names, for the message
    :param spaces: whether spaces are allowed
    :returns: the text in Unicode's normal form C, since ``é`` can be written in two ways
    :raises ValueError: if it is not safe
    """
    name = unicodedata.normalize('NFC', text)
    fault = _fault(name, spaces=spaces)
    if fault:
        raise ValueError(
            f'{_quoted(name)} cannot be the name of a {what}: {fault}; allowed are 1 to '
            f'{MAX_CHARACTERS} letters, digits, {"spaces, " if spaces else ""}_ and -'
        )
    return name


def _fault(name: str, *, spaces: bool) -> str:
    if not name.strip():
        return 'it is empty'
    if len(name) > MAX_CHARACTERS:
        return f'it has {len(name)} characters'
    wrong = next((place for place in range(len(name)) if not _is_safe(name, place, spaces)), None)
    if wrong is not None:
        return f'{name[wrong]!r} is not allowed'
    if name != name.strip(' '):
        return 'it begins or ends with a space'
    size = len(name.encode())
    return f'it takes {size} bytes of at most {MAX_BYTES}' if size > MAX_BYTES else ''


def _is_safe(name: str, place: int, spaces: bool) -> bool:
    character = name[place]
    if character.isalnum() or character in '_-':
        return True
    if character == ' ':
        return spaces
    # Vowel signs and accents are letters to the reader (Hindi, Thai), but not to isalnum.
    return place > 0 and unicodedata.category(character) in ('Mn', 'Mc')


def _quoted(name: str) -> str:
    """Quote a text from outside, cut to a length that a log line can bear."""
    quoted = repr(name)
    return quoted if len(quoted) <= 42 else quoted[:38] + "...'"
