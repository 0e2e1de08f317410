"""Text from outside in messages."""

MAX_LENGTH = 42


def quoted(text: str) -> str:
    """Quote text from outside, shortened to a length that fits a log line."""
    # Shorten after quoting: what cannot be printed becomes up to ten times as long.
    literal = repr(text)
    return literal if len(literal) <= MAX_LENGTH else literal[: MAX_LENGTH - 4] + "...'"
