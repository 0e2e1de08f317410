"""Headers that tell the browser what a page of this server may do."""

from __future__ import annotations

import re

from nn_perception.studio.access.addresses import Authority
from nn_perception.studio.access.request_head import RequestHead
from starlette.datastructures import MutableHeaders
from starlette.types import Message

# What NiceGUI itself serves; its addresses contain its version. All the rest may show what the
# camera sees.
STATIC = '/_nicegui/'
_PLAIN_NAME = re.compile(r'[a-z0-9-]+(\.[a-z0-9-]+)*')
NO_STORE = 'no-store'
PERMISSIONS = (
    'camera=(self), microphone=(self), fullscreen=(self), accelerometer=(), autoplay=(self), '
    'display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), '
    'midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()'
)


def content_policy(head: RequestHead, host: Authority, nonce: str) -> str:
    """
    Return what a page may load, and from where.

    NiceGUI compiles its templates in the browser, hence ``unsafe-eval``. Neither scripts that
    came into the page later, nor handlers in the attributes of elements, nor links to
    ``javascript:`` run.

    :param nonce: that the scripts of the page carry
    """
    sockets = ''
    # Policies know no IPv6 addresses. That 'self' includes WebSockets is news to some browsers.
    if _PLAIN_NAME.fullmatch(host.name):
        port = f':{host.port}' if host.port else ''
        sockets = f' {"wss" if head.secure else "ws"}://{host.name}{port}'
    return '; '.join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}' 'unsafe-eval'",
            "script-src-attr 'none'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            "font-src 'self'",
            f"connect-src 'self'{sockets}",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def add_headers(message: Message, head: RequestHead, host: Authority | None, nonce: str) -> None:
    """
    Add the headers to the start of a response.

    :param host: by which the client knows this server; None if that is not known
    :param nonce: that the scripts carry, if it is a page
    """
    headers = MutableHeaders(raw=message.setdefault('headers', []))
    for name in ('server', 'x-powered-by'):
        if name in headers:
            del headers[name]
    headers['x-content-type-options'] = 'nosniff'
    # Not no-referrer: with it, browsers leave out the Origin of forms too.
    headers['referrer-policy'] = 'same-origin'
    headers['cross-origin-resource-policy'] = 'same-origin'
    headers['x-frame-options'] = 'DENY'
    headers['permissions-policy'] = PERMISSIONS
    if host is not None:
        headers.setdefault('content-security-policy', content_policy(head, host, nonce))
        # Browsers complain about it elsewhere.
        if head.secure or host.is_loopback:
            headers['cross-origin-opener-policy'] = 'same-origin'
    if not head.path.startswith(STATIC) or headers.get('content-type', '').startswith('text/html'):
        headers.setdefault('cache-control', NO_STORE)
