"""The names of this server, and the pages that may talk to it."""

from __future__ import annotations

from dataclasses import dataclass
import ipaddress
import re

from nn_perception.core.quoting import quoted
from nn_perception.studio.access.refusal import RefusedError
from nn_perception.studio.access.request_head import RequestHead
from nn_perception.studio.options import StudioOptions

DEFAULT_PORTS = {'http': 80, 'https': 443}
LOCAL_SUFFIX = '.local'

_AUTHORITY = re.compile(
    r'(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_.])?)(?::(?P<port>[0-9]{1,5}))?',
    re.ASCII,
)
_ORIGIN = re.compile(r'(?P<scheme>https?)://(?P<authority>[^/?#@\s]+)', re.ASCII)


@dataclass(frozen=True)
class Authority:
    """
    Name and port of a server, as a Host header has them.

    :param name: lower-case name or address; an IPv6 address is in brackets
    :param port: None: that of the scheme
    """

    name: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Authority | None:
        """Read the value of a Host header; None if it is no name or address with a port."""
        match = _AUTHORITY.fullmatch(text.lower())
        if match is None:
            return None
        port = int(match['port']) if match['port'] else None
        return None if port is not None and not 0 < port < 65536 else cls(match['name'], port)

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The address that the name is; None if it is a name."""
        try:
            if self.name.startswith('['):
                return ipaddress.IPv6Address(self.name[1:-1])
            return ipaddress.IPv4Address(self.name)
        except ValueError:
            return None

    @property
    def is_loopback(self) -> bool:
        """Whether it means the machine of the browser."""
        address = self.address
        return self.name.rstrip('.') == 'localhost' if address is None else address.is_loopback

    def origin(self, scheme: str) -> tuple[str, str, int]:
        """Return what two pages of one origin have in common."""
        return scheme, self.name, self.port or DEFAULT_PORTS[scheme]


class Addresses:
    """
    Check for whom a request is, and from which page it comes.

    A page elsewhere can let its own name point to this machine (DNS rebinding), so only names
    that nobody else can hand out are answered.

    :param options: name this machine
    """

    def __init__(self, options: StudioOptions) -> None:
        names = {name.lower().rstrip('.') for name in (options.host, *options.host_names)}
        self._names = frozenset({'localhost', *names} - {''})

    def check_host(self, head: RequestHead) -> Authority:
        """
        Return the name by which the client knows this server.

        :raises RefusedError: if it is none of its names
        """
        if head.count('host') != 1:
            count = head.count('host') or 'no'
            sentence = f'The request has {count} Host headers; it must have one.'
            raise RefusedError('host', sentence, status=400)
        text = head.header('host')
        authority = Authority.parse(text)
        if authority is None:
            sentence = f'The Host header {quoted(text)} is no name or address.'
            raise RefusedError('host', sentence, status=400)
        if not self._is_own(authority):
            raise RefusedError(
                'host',
                f'This server does not answer to the name {quoted(authority.name)}; open it by '
                'its address, as localhost, or allow the name with the option host_names.',
                status=421,
            )
        return authority

    def _is_own(self, authority: Authority) -> bool:
        name = authority.name.rstrip('.')
        if authority.address is not None or name in self._names:
            return True
        return name.endswith(LOCAL_SUFFIX) and len(name) > len(LOCAL_SUFFIX)


def check_origin(head: RequestHead, host: Authority) -> None:
    """
    Check that a request comes from a page of this server, if a page sent it.

    A WebSocket, and whatever changes something, must say where it comes from: browsers always
    do. Everything else may leave it out, but must not come from a page elsewhere.

    :param host: by which the client knows this server
    :raises RefusedError: if it comes from elsewhere, or does not say
    """
    if head.count('origin') > 1:
        raise RefusedError('origin', 'The request has several Origin headers.', status=400)
    origin = head.header('origin')
    if origin:
        if not _is_own_origin(origin, head, host):
            raise RefusedError(
                'origin',
                f'The page {quoted(origin)} must not use this server; only its own pages may.',
            )
    elif head.is_socket or not head.is_safe:
        raise RefusedError(
            'origin',
            'The request does not say from which page it comes (header Origin); programs set it '
            'to the address of this server.',
        )
    _check_fetch_site(head)


def _is_own_origin(origin: str, head: RequestHead, host: Authority) -> bool:
    match = _ORIGIN.fullmatch(origin.lower())
    authority = Authority.parse(match['authority']) if match else None
    if match is None or authority is None:
        return False
    return authority.origin(match['scheme']) == host.origin('https' if head.secure else 'http')


def _check_fetch_site(head: RequestHead) -> None:
    """Refuse what a page elsewhere embeds or fetches; it may only link to a view."""
    if head.header('sec-fetch-site') not in ('cross-site', 'same-site'):
        return
    follows_link = head.is_safe and head.header('sec-fetch-mode') == 'navigate'
    # Below the views are pictures and downloads.
    is_view = head.path.count('/') == 1 and head.header('sec-fetch-dest') in ('', 'document')
    if not follows_link or not is_view:
        sentence = 'Another page must not use this server; only its own pages may.'
        raise RefusedError('origin', sentence)
