"""
Unix domain sockets in private folders.

An address of a socket has at most 107 bytes, and a folder may be deeper than that. Linux finds a
folder that is open by a short name, whatever its own is.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from multiprocessing.connection import Connection
import os
from pathlib import Path
import socket
import struct

from nn_perception.core.files.folders import trusted_folder
from nn_perception.core.files.private import check_trusted

BACKLOG = 16
PEER = struct.Struct('3i')


def listen(address: Path) -> socket.socket:
    """
    Listen at an address; a socket that an ended process has left there is replaced.

    :param address: in a folder that nobody else can change; it is created if it is missing
    :raises OSError: if it cannot be created, or others can change the folder
    """
    trusted_folder(address.parent)
    address.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(address) as name:
            listening.bind(name)
        address.chmod(0o600)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def accept(listening: socket.socket) -> Connection | None:
    """
    Wait for a connection.

    :returns: None if another user has connected; then it is closed
    :raises OSError: if the socket is closed
    """
    peer, _ = listening.accept()
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    _, user, _ = PEER.unpack(credentials)
    if user not in (os.geteuid(), 0):
        peer.close()
        return None
    return Connection(peer.detach())


def connect(address: Path) -> Connection:
    """
    Connect to an address.

    :raises OSError: if nobody listens there, or others can change the folder
    """
    check_trusted(address.parent)
    connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(address) as name:
            connecting.connect(name)
    except OSError:
        connecting.close()
        raise
    return Connection(connecting.detach())


def shut_down(connection: Connection) -> None:
    """End a connection that another thread may be waiting for; it still has to be closed."""
    with contextlib.suppress(OSError):
        one = socket.socket(fileno=connection.fileno())
        try:
            one.shutdown(socket.SHUT_RDWR)
        finally:
            one.detach()


@contextlib.contextmanager
def _short(address: Path) -> Iterator[str]:
    """Provide a short name of an address."""
    folder = os.open(address.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f'/proc/self/fd/{folder}/{address.name}'
    finally:
        os.close(folder)
