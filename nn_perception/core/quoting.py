"""Text from outside in messages."""

from __future__ import annotations

from collections.abc import Sequence

MAX_LENGTH = 42
# Of a sentence in a log, a diagnostic or an answer: longer ones repeat what strangers wrote.
MAX_SENTENCE = 1000
# The longest name that is shown whole.
MAX_NAME = 255
MAX_LISTED = 20


def quoted(text: str) -> str:
    """Quote text from outside, shortened to a length that fits a log line."""
    # Shorten after quoting: what cannot be printed becomes up to ten times as long.
    literal = repr(text)
    return literal if len(literal) <= MAX_LENGTH else f'{literal[: MAX_LENGTH - 4]}...{literal[0]}'


def shortened(text: str, limit: int = MAX_SENTENCE) -> str:
    """
    Shorten a sentence that may contain text from outside, in its middle.

    :param text: the sentence
    :param limit: largest number of characters
    :returns: the sentence, with escapes for what no message can contain, such as the bytes of a
        file name that are no text
    """
    text = text.encode('utf-8', 'backslashreplace').decode('utf-8')
    if len(text) <= limit:
        return text
    half = (limit - 3) // 2
    return f'{text[: limit - 3 - half]}...{text[-half:]}'


def printable(text: str) -> str:
    """Return a sentence in one line, without what controls a terminal."""
    return ''.join(c if c.isprintable() else '\ufffd' for c in ' '.join(text.split()))


def shown(text: str) -> str:
    """Return a name from outside as it is, or quoted if it is long, empty or not printable."""
    return text if text and text.isprintable() and len(text) <= MAX_NAME else quoted(text)


def listed(names: Sequence[str], separator: str = ', ') -> str:
    """List names, but not more than a person reads."""
    more = f' and {len(names) - MAX_LISTED} more' if len(names) > MAX_LISTED else ''
    return separator.join(names[:MAX_LISTED]) + more
