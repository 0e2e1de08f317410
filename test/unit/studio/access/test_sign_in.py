"""Who knows the token is let in, and nobody else."""

from __future__ import annotations

from nn_perception.studio.access import tokens
from nn_perception.studio.access.addresses import Authority
from nn_perception.studio.access.refusal import RefusedError
from nn_perception.studio.access.sign_in import (
    brings_form,
    brings_token,
    cookie_name,
    FORM,
    SignIn,
)
from nn_perception.studio.access.tokens import LASTS_S, Token
from nn_perception.studio.options import StudioOptions
import pytest

HOST = Authority('localhost', 8080)
RIGHT = 'right & true'


@pytest.fixture
def sign_in():
    return SignIn(RIGHT)


def test_tokens_are_compared_whole() -> None:
    token = Token(RIGHT)
    assert token.matches(RIGHT)
    for wrong in ('', 'right', f'{RIGHT} ', RIGHT.upper(), '\udcff', 'r' * 10_000):
        assert not token.matches(wrong)


def test_a_cookie_says_nothing_and_survives_a_restart() -> None:
    cookie = Token(RIGHT).cookie()
    assert RIGHT not in cookie
    assert Token(RIGHT).accepts_cookie(cookie)
    assert not Token('another').accepts_cookie(cookie)


def test_other_cookies_are_refused() -> None:
    token = Token(RIGHT)
    end, _, signature = token.cookie().partition('.')
    for wrong in (
        '', '.', end, f'{end}.', f'.{signature}', RIGHT, f'{end}.{RIGHT}',
        f'{int(end) + 1}.{signature}', f'{end}.{signature[:-1]}', f'{end}.{signature}0',
        f'{end}.\xff', f'-{end}.{signature}', f'{"9" * 5000}.{signature}', f'\u0661.{signature}',
    ):  # fmt: skip
        assert not token.accepts_cookie(wrong), wrong


def test_a_cookie_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    token = Token(RIGHT)
    cookie = token.cookie()
    now = tokens.time.time()
    monkeypatch.setattr(tokens.time, 'time', lambda: now + LASTS_S + 1)
    assert not token.accepts_cookie(cookie)


def test_the_cookie_is_for_this_server_alone(sign_in, head) -> None:
    request = head(query='token=right+%26+true&a=1&b=%2f', accept='text/html', secure=True)
    answer = sign_in.answer(request, HOST, False, b'')
    cookie = answer.headers['set-cookie'].lower()
    assert answer.status_code == 303
    assert answer.headers['location'] == '/?a=1&b=%2F'
    assert cookie.startswith('__host-nn_perception_8080=')
    for part in ('httponly', 'samesite=strict', 'secure', 'path=/', f'max-age={LASTS_S}'):
        assert part in cookie
    assert 'domain' not in cookie
    plain = sign_in.answer(head(query='token=right+%26+true'), HOST, False, b'')
    assert 'secure' not in plain.headers['set-cookie'].lower()


@pytest.mark.parametrize('path', ['//evil.example', '/\\evil.example', '/a b\u00e9', '/digits'])
def test_it_leads_nowhere_else(sign_in, head, path: str) -> None:
    request = head(path=path, query='token=right+%26+true')
    location = sign_in.answer(request, HOST, False, b'').headers['location']
    assert location[0] == '/'
    assert location[1] not in '/\\'
    assert location.isascii()


def test_who_has_the_cookie_is_known(sign_in, head) -> None:
    value = Token(RIGHT).cookie()
    name = cookie_name(head(), HOST)
    assert sign_in.knows(head(cookie=f'a=b; {name}={value}; c'), HOST)
    assert sign_in.knows(head(cookie=f'{name}=old; {name}={value}'), HOST)
    assert not sign_in.knows(head(cookie=f'other={value}'), HOST)
    assert not sign_in.knows(head(cookie=f'{name}={value}x'), HOST)
    assert not sign_in.knows(head(), HOST)


def test_programs_send_it_in_a_header(sign_in, head) -> None:
    assert sign_in.knows(head(authorization=f'Bearer {RIGHT}'), HOST)
    assert not sign_in.knows(head(authorization=f'Basic {RIGHT}'), HOST)
    with pytest.raises(RefusedError) as refused:
        sign_in.knows(head(authorization='Bearer wrong'), HOST)
    assert refused.value.status == 401


def test_the_form_asks_for_it(sign_in, head) -> None:
    asked = sign_in.answer(head(accept='text/html'), HOST, False, b'')
    assert asked.status_code == 401
    assert b'<label for="token">' in asked.body
    assert b'role="alert"' not in asked.body
    wrong = sign_in.answer(head('POST', content_type=FORM), HOST, False, b'token=wrong')
    assert (wrong.status_code, b'role="alert"' in wrong.body) == (401, True)
    right = sign_in.answer(head('POST', content_type=FORM), HOST, False, b'token=right+%26+true')
    assert right.status_code == 303


def test_nothing_of_the_request_is_on_the_form(sign_in, head) -> None:
    evil = '"><script>alert(1)</script>'
    request = head(path=f'/{evil}', query=f'token={evil}&a={evil}', accept='text/html')
    assert b'alert(1)' not in sign_in.answer(request, HOST, False, b'').body


def test_what_is_no_page_gets_a_sentence(sign_in, head) -> None:
    for request in (head(accept='image/jpeg'), head('POST')):
        with pytest.raises(RefusedError, match='token') as refused:
            sign_in.answer(request, HOST, False, b'')
        assert refused.value.status == 401


def test_a_link_elsewhere_is_followed_once_more(sign_in, head) -> None:
    request = head(accept='text/html', sec_fetch_site='cross-site')
    again = sign_in.answer(request, HOST, False, b'')
    assert b'http-equiv="refresh"' in again.body


def test_wrong_tokens_are_limited(sign_in, head) -> None:
    def attempt(token: str, client: str = '10.0.0.1') -> int:
        try:
            request = head(query=f'token={token}', accept='text/html', client=client)
            return sign_in.answer(request, HOST, False, b'').status_code
        except RefusedError as refused:
            return refused.status

    assert [attempt('wrong') for _ in range(12)] == [401] * 10 + [429] * 2
    # Else the right one would stand out among the wrong ones.
    assert attempt('right+%26+true') == 429
    assert attempt('right+%26+true', '10.0.0.2') == 303
    # Who is in stays in.
    cookie = f'{cookie_name(head(), HOST)}={Token(RIGHT).cookie()}'
    assert sign_in.knows(head(cookie=cookie, client='10.0.0.1'), HOST)
    # All addresses together are limited too.
    codes = [attempt('wrong', f'10.1.{number // 200}.{number % 200}') for number in range(2000)]
    assert codes.count(401) < 60


def test_what_brings_a_token(head) -> None:
    assert brings_token(head(query='a=1&token='))
    assert not brings_token(head('POST', query='token=x'))
    assert not brings_token(head(query='tokens=x'))
    assert brings_form(head('POST', content_type=f'{FORM}; charset=utf-8'))
    assert not brings_form(head('POST', content_type='application/json'))


def test_the_token_is_not_in_what_is_printed() -> None:
    assert 'secret' not in repr(StudioOptions(token='secret'))


@pytest.mark.parametrize('token', ['caf\u00e9', 'a\nb', '\x1b'])
def test_tokens_that_no_header_can_carry_are_refused(token: str) -> None:
    with pytest.raises(ValueError, match='token'):
        StudioOptions(token=token)
