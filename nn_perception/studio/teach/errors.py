"""What the robot cannot do, as sentences."""

from __future__ import annotations

# What a backend raises with a sentence for the user.
ERRORS = (ValueError, OSError, RuntimeError)
MAX_LENGTH = 2000


def sentence(error: BaseException | str) -> str:
    """Turn an error into a sentence: with a capital and a full stop."""
    text = str(error).strip()[:MAX_LENGTH] or 'it failed, and nothing says why'
    text = text[0].upper() + text[1:]
    return text if text[-1] in '.!?' else f'{text}.'
