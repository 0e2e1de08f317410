"""The token that whoever opens the page must know, and the cookie of a browser that has it."""

from __future__ import annotations

import hashlib
import hmac
import time

LASTS_S = 30 * 24 * 3600
# Makes it slow to try tokens on a cookie that was stolen.
ROUNDS = 200_000
PURPOSE = b'nn_perception studio: cookie'


class Token:
    """
    Compare tokens, and make cookies.

    A cookie is an end time, signed with a key that is derived from the token: it says nothing
    about the token, it is valid after a restart of the server, and no longer when the token
    changes.

    :param token: the right one
    """

    def __init__(self, token: str) -> None:
        self._key = hashlib.pbkdf2_hmac('sha256', token.encode(), PURPOSE, ROUNDS)
        self._digest = self._sign(f'token {token}')

    def matches(self, token: str) -> bool:
        """Compare a token in a time that does not depend on it."""
        return hmac.compare_digest(self._sign(f'token {token}'), self._digest)

    def cookie(self) -> str:
        """Return the value of a cookie that is valid from now on."""
        end = str(int(time.time()) + LASTS_S)
        return f'{end}.{self._sign(f"cookie {end}")}'

    def accepts_cookie(self, value: str) -> bool:
        """Whether a value is that of a cookie which is still valid."""
        end, _, signature = value.partition('.')
        if not end.isascii() or not end.isdigit() or len(end) > 12:
            return False
        right = self._sign(f'cookie {end}')
        signed = signature.isascii() and hmac.compare_digest(right, signature)
        return signed and int(end) > time.time()

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode('utf-8', 'backslashreplace'), 'sha256').hexdigest()
