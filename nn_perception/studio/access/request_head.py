"""What a request says before its body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import ipaddress

from starlette.types import Scope

WEBSOCKET = 'WEBSOCKET'
# They change nothing, so a link on another page may lead here.
SAFE_METHODS = ('GET', 'HEAD')


@dataclass(frozen=True)
class RequestHead:
    """
    What a request says before its body.

    :param method: of HTTP, or ``WEBSOCKET`` for the handshake of a WebSocket
    :param path: decoded; begins with a slash unless the client wrote something strange
    :param query: as it was sent, without the question mark
    :param secure: whether the connection is encrypted
    :param client: address of the client
    :param headers: lower-case name -> all its values
    """

    method: str
    path: str
    query: str
    secure: bool
    client: str
    headers: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, scope: Scope) -> RequestHead:
        """Read the scope of an ASGI request."""
        headers: dict[str, list[str]] = {}
        for raw_name, raw_value in scope['headers']:
            name, value = raw_name.decode('latin-1').lower(), raw_value.decode('latin-1')
            headers.setdefault(name, []).append(value.strip())
        is_socket = scope['type'] == 'websocket'
        return cls(
            method=WEBSOCKET if is_socket else scope['method'],
            path=scope['path'],
            query=scope['query_string'].decode('latin-1'),
            secure=scope.get('scheme') in ('https', 'wss'),
            client=(scope.get('client') or ('unknown', 0))[0],
            headers={name: tuple(values) for name, values in headers.items()},
        )

    @property
    def is_socket(self) -> bool:
        """Whether it is the handshake of a WebSocket."""
        return self.method == WEBSOCKET

    @property
    def is_safe(self) -> bool:
        """Whether it changes nothing."""
        return self.method in SAFE_METHODS

    @property
    def wants_page(self) -> bool:
        """Whether a person waits for a page, not a program for something else."""
        return self.is_safe and 'text/html' in self.header('accept')

    @property
    def network(self) -> str:
        """The client for limits: its address, or the IPv6 network that is handed out as one."""
        try:
            address = ipaddress.ip_address(self.client.partition('%')[0])
        except ValueError:
            return 'unknown'
        if isinstance(address, ipaddress.IPv4Address):
            return str(address)
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))

    def header(self, name: str) -> str:
        """Return the first value of a header; empty if there is none."""
        return self.headers.get(name, ('',))[0]

    @property
    def header_bytes(self) -> int:
        """Size of all headers together."""
        return sum(
            len(name) + len(value) for name, values in self.headers.items() for value in values
        )

    def count(self, name: str) -> int:
        """Return how often a header occurs."""
        return len(self.headers.get(name, ()))
