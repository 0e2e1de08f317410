"""Let in who knows the token."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode

from nn_perception.studio.access.addresses import Authority
from nn_perception.studio.access.limits.rates import ClientBuckets
from nn_perception.studio.access.limits.table import KB, TOKEN_BURST, TOKEN_SHARE, TOKENS_HZ
from nn_perception.studio.access.refusal import RefusedError
from nn_perception.studio.access.request_head import RequestHead
from nn_perception.studio.access.tokens import LASTS_S, Token
from starlette.responses import HTMLResponse, RedirectResponse, Response

FIELD = 'token'
FORM = 'application/x-www-form-urlencoded'
MAX_FORM_BYTES = 4 * KB
BEARER = 'bearer '
NEEDS_TOKEN = 'A token is needed: open the page, or send it in the header Authorization.'

STYLE = (
    ':root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}'
    'body{max-width:26rem;margin:15vh auto 0;padding:0 1rem}'
    'h1{font-size:1.25rem}p{margin:.75rem 0}'
    'label{display:block;margin-bottom:.25rem}'
    'input,button{font:inherit;padding:.5rem .75rem;border:1px solid GrayText;border-radius:.4rem}'
    'input{width:100%;box-sizing:border-box}button{margin-top:1rem}'
    ':focus-visible{outline:3px solid #0b7285;outline-offset:2px}'
)
# The style is that above and nothing else, and the form leads nowhere else.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
FORM_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Token needed · nn_perception</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{style}</style></head>
<body><main><h1>This page needs a token</h1>
<p>Whoever started the page knows it.</p>{problem}
<form method="post"><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Open the page</button></form></main></body></html>
"""
# A browser keeps the cookie to itself when another page leads here; asked again from here, it
# sends it.
AGAIN_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>nn_perception</title>
<link rel="icon" href="data:,"><meta http-equiv="refresh" content="0"></head>
<body><p>Opening the page ...</p></body></html>
"""


class SignIn:
    """
    Let in who knows the token.

    :param token: the right one
    """

    def __init__(self, token: str) -> None:
        self._token = Token(token)
        self._tries = ClientBuckets(TOKEN_BURST, TOKENS_HZ, TOKEN_SHARE)

    def knows(self, head: RequestHead, host: Authority) -> bool:
        """
        Whether a request has the cookie, or the token in the header Authorization.

        :raises RefusedError: if the token is wrong, or there were too many wrong ones
        """
        for name, value in _cookies(head):
            if name == cookie_name(head, host) and self._token.accepts_cookie(value):
                return True
        credentials = head.header('authorization')
        if not credentials.lower().startswith(BEARER):
            return False
        if not self._try(head, credentials[len(BEARER) :].strip()):
            raise RefusedError('token', 'The token is not the right one.', status=401)
        return True

    def answer(self, head: RequestHead, host: Authority, known: bool, form: bytes) -> Response:
        """
        Answer a request that brings a token, or should.

        :param known: whether the client is known already
        :param form: body of the request, if it is that of the form
        :raises RefusedError: if it is no request of a person
        """
        fields = parse_qsl(form.decode('latin-1') if form else head.query, keep_blank_values=True)
        tokens = [value for name, value in fields if name == FIELD]
        if tokens and (known or self._try(head, tokens[0])):
            return self._let_in(head, host)
        if not tokens and not head.wants_page:
            raise RefusedError('token', NEEDS_TOKEN, status=401)
        if not tokens and head.header('sec-fetch-site') in ('cross-site', 'same-site'):
            return _page(AGAIN_PAGE, status=200)
        wrong = '<p role="alert"><strong>That is not the right token.</strong></p>'
        text = FORM_PAGE.format(style=STYLE, problem=wrong if tokens else '')
        return _page(text, status=401)

    def _try(self, head: RequestHead, token: str) -> bool:
        """Compare a token, not too often."""
        if self._tries.empty(head.network):
            seconds = round(1 / TOKENS_HZ)
            sentence = f'There were too many wrong tokens; try again in {seconds} seconds.'
            raise RefusedError('token rate', sentence, status=429, retry_after_s=seconds)
        if self._token.matches(token):
            return True
        self._tries.take(head.network)
        return False

    def _let_in(self, head: RequestHead, host: Authority) -> Response:
        """Set the cookie, and lead to the same address without the token."""
        fields = parse_qsl(head.query, keep_blank_values=True)
        query = urlencode([(name, value) for name, value in fields if name != FIELD])
        # Two slashes would begin the address of another server.
        path = '/' + quote(head.path.lstrip('/\\'))
        response = RedirectResponse(f'{path}?{query}' if query else path, status_code=303)
        response.set_cookie(
            cookie_name(head, host),
            self._token.cookie(),
            max_age=LASTS_S,
            path='/',
            secure=head.secure,
            httponly=True,
            samesite='strict',
        )
        response.headers['cache-control'] = 'no-store'
        return response


def brings_token(head: RequestHead) -> bool:
    """Whether the address of a page contains a token."""
    return head.is_safe and any(name == FIELD for name, _ in parse_qsl(head.query, True))


def brings_form(head: RequestHead) -> bool:
    """Whether a request brings the form with the token."""
    return head.method == 'POST' and head.header('content-type').lower().startswith(FORM)


def cookie_name(head: RequestHead, host: Authority) -> str:
    """
    Return the name of the cookie.

    Browsers send a cookie to all ports of a machine, so each server has a name of its own.
    """
    _, _, port = host.origin('https' if head.secure else 'http')
    # With this beginning, browsers refuse one that another machine of the domain has set.
    return f'{"__Host-" if head.secure else ""}nn_perception_{port}'


def _cookies(head: RequestHead) -> list[tuple[str, str]]:
    pairs = [part.partition('=') for part in '; '.join(head.headers.get('cookie', ())).split(';')]
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def _page(text: str, status: int) -> Response:
    headers = {'content-security-policy': POLICY, 'cache-control': 'no-store'}
    if status == 401:
        headers['www-authenticate'] = 'Bearer'
    return HTMLResponse(text, status_code=status, headers=headers)
