"""Where the page is served, and to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
import ipaddress
from pathlib import Path

DEFAULT_HOST = '127.0.0.1'
DEFAULT_PORT = 8080


@dataclass(frozen=True)
class StudioOptions:
    """
    Where the page is served, and to whom.

    :param host: address to bind; any but a loopback address needs a token
    :param port: TCP port; 0: a free one
    :param token: whoever opens the page must know it; empty: none is needed
    :param certificate: PEM file of the TLS certificate; None: no TLS
    :param key: PEM file of its private key; None: it is in the file of the certificate
    :param host_names: names of this machine besides localhost, its addresses and ``*.local``
    :param max_clients: maximum number of pages that are open at a time
    :raises ValueError: if a value is wrong, or the page would be open to others without a token
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    token: str = field(default='', repr=False)
    certificate: Path | None = None
    key: Path | None = None
    host_names: tuple[str, ...] = ()
    max_clients: int = 32

    def __post_init__(self) -> None:
        """Check the values."""
        if not 0 <= self.port <= 65535:
            raise ValueError(f'port must be 0 to 65535, got {self.port}')
        if self.max_clients < 1:
            raise ValueError(f'max_clients must be at least 1, got {self.max_clients}')
        if self.key is not None and self.certificate is None:
            raise ValueError('a key needs the certificate that belongs to it')
        if not self.token.isascii() or not self.token.isprintable():
            raise ValueError('the token must be letters, digits and signs of ASCII')
        if not self.is_loopback and not self.token:
            raise ValueError(
                f'{self.host} can be reached from other machines: set a token, and use TLS '
                '(a certificate); or keep 127.0.0.1 and forward the port with ssh -L'
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the page."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
