"""Text from outside in messages."""

MAX_LENGTH = 42
# Of a sentence in a log, a diagnostic or an answer: longer ones repeat what strangers wrote.
MAX_SENTENCE = 1000


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
    """
    if len(text) <= limit:
        return text
    half = (limit - 3) // 2
    return f'{text[: limit - 3 - half]}...{text[-half:]}'
