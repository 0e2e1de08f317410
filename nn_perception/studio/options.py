"""Where the page is served, and to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
import ipaddress
from pathlib import Path

from nn_perception.core.files.untrusted import read_regular

DEFAULT_HOST = '127.0.0.1'
DEFAULT_PORT = 8080
MAX_TOKEN_FILE_BYTES = 10_000


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


def read_token(path: Path) -> str:
    """
    Read a token from a file, where neither other users nor the list of processes show it.

    :raises OSError: if the file cannot be read
    :raises ValueError: if it is empty or no text
    """
    try:
        token = read_regular(path, MAX_TOKEN_FILE_BYTES).decode('utf-8').strip()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is no text: it must contain the token') from error
    except ValueError as error:
        raise ValueError(f'{path} cannot be the file of the token: {error}') from error
    if not token:
        raise ValueError(f'{path} is empty: it must contain the token')
    return token


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
