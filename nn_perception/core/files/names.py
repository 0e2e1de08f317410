"""Validate names of labels, datasets and models, which become names of files."""

from __future__ import annotations

import unicodedata

from nn_perception.core.quoting import quoted

MAX_CHARACTERS = 64
# The limit of file systems, in bytes of UTF-8.
MAX_BYTES = 255


def checked_name(text: str, what: str, *, spaces: bool = True) -> str:
    """
    Check that a name is safe as the name of a file or folder.

    A safe name has 1 to 64 characters: letters of any script with their accents and vowel signs,
    digits, ``_``, ``-``, and spaces except at the ends. This excludes paths, hidden files and
    control characters.

    :param text: the name
    :param what: kind of thing that it names, for the error message
    :param spaces: whether spaces are allowed
    :returns: the name in Unicode normalisation form C, because ``é`` has two representations
    :raises ValueError: if the name is not safe
    """
    name = unicodedata.normalize('NFC', text)
    fault = _fault(name, spaces=spaces)
    if fault:
        raise ValueError(
            f'{quoted(name)} cannot be the name of a {what}: {fault}; allowed are 1 to '
            f'{MAX_CHARACTERS} letters, digits, {"spaces, " if spaces else ""}_ and -'
        )
    return name


def _fault(name: str, *, spaces: bool) -> str:
    if not name.strip():
        return 'it is empty'
    if len(name) > MAX_CHARACTERS:
        return f'it has {len(name)} characters'
    unsafe = next((i for i in range(len(name)) if not _is_safe(name, i, spaces)), None)
    if unsafe is not None:
        return f'{name[unsafe]!r} is not allowed'
    if name != name.strip(' '):
        return 'it begins or ends with a space'
    size = len(name.encode())
    return f'it takes {size} bytes of at most {MAX_BYTES}' if size > MAX_BYTES else ''


def _is_safe(name: str, index: int, spaces: bool) -> bool:
    character = name[index]
    if character.isalnum() or character in '_-':
        return True
    if character == ' ':
        return spaces
    # Vowel signs (Hindi, Thai) and combining accents are not alphanumeric to Python.
    return index > 0 and unicodedata.category(character) in ('Mn', 'Mc')
