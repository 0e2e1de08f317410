"""How much a client may send, and how fast: all limits of the page."""

from __future__ import annotations

KB, MB, GB = 1024, 1024**2, 1024**3

# Of the request line and all headers together.
MAX_HEAD_BYTES = 32 * KB
MAX_HEADERS = 100
MAX_PATH = 2 * KB
MAX_QUERY = 8 * KB

# Of the body of a request, by the beginning of its path; the first that fits counts.
# Uploads go to a file (:mod:`nn_perception.studio.access.uploads`), never into memory.
MAX_BODY_BYTES, MAX_PICTURE_BYTES, MAX_UPLOAD_BYTES = MB, 16 * MB, 2 * GB
# Weights, and what the optimizer keeps of each; they are read into memory when they are complete.
MAX_SNAPSHOT_BYTES = 256 * MB
BODY_LIMITS = (
    ('/teach/frames', MAX_PICTURE_BYTES),
    ('/teach/look', MAX_PICTURE_BYTES),
    ('/teach/upload', MAX_UPLOAD_BYTES),
    ('/sound/frames', MAX_PICTURE_BYTES),
    ('/sound/upload', MAX_UPLOAD_BYTES),
    ('/live/upload', MAX_UPLOAD_BYTES),
    ('/character/upload', MAX_UPLOAD_BYTES),
    ('/train/details/look', MAX_PICTURE_BYTES),
    ('/train/snapshot', MAX_SNAPSHOT_BYTES),
)
# Bodies that are larger than usual and kept in memory, at a time.
MAX_PICTURES = 8
# Files that are received at a time, and room that stays on the disk.
MAX_UPLOADS, KEPT_FREE_BYTES = 2, 256 * MB

# Of a message on a WebSocket, by the beginning of its path.
MESSAGE_LIMITS: tuple[tuple[str, int], ...] = (
    ('/viewer/upload', 8 * MB),
    # A second of sound has 32 KB.
    ('/sound/socket', 64 * KB),
)
MAX_MESSAGE_BYTES = MB
LARGEST_MESSAGE_BYTES = max(MAX_MESSAGE_BYTES, *(size for _, size in MESSAGE_LIMITS))
# Messages of a WebSocket: at once, and in a second.
MESSAGE_BURST, MESSAGES_HZ = 600, 150

# Parts of a message, and bytes that wait to be read while the client sends pings.
MAX_FRAGMENTS, MAX_UNREAD_BYTES = 1000, 512 * KB

# WebSockets besides those of NiceGUI, for each page that may be open.
SOCKETS_PER_PAGE = 4
# Connections for each page that may be open, and those that are left for others.
CONNECTIONS_PER_PAGE, MORE_CONNECTIONS = 8, 64
BACKLOG = 100
# Connections that are not encrypted yet; each needs a quarter of a megabyte.
MAX_HANDSHAKES = 64
# Requests that are worked on at a time, for each page that may be open.
REQUESTS_PER_PAGE = 16

# A connection must have sent a request, with all its headers.
HEAD_TIMEOUT_S = 15.0
# A body must go on after this time, and arrive at this rate.
BODY_PAUSE_S = 20.0
SLOWEST_BODY_HZ, SLOW_START_S = 8 * KB, 30.0
# A client must go on to read what is sent.
SEND_TIMEOUT_S = 30.0
# A closed connection must be gone.
CLOSE_TIMEOUT_S = 10.0
KEEP_ALIVE_S = 5

# Requests of a client: at once, and in a second; all clients together a multiple of it.
REQUEST_BURST, REQUESTS_HZ, REQUEST_SHARE = 1000, 200.0, 4
# Pages: each keeps memory for a minute, whether or not a browser shows it.
PAGE_BURST, PAGES_HZ, PAGE_SHARE = 60, 1.0, 4
# Wrong tokens.
TOKEN_BURST, TOKENS_HZ, TOKEN_SHARE = 10, 0.2, 4


def body_limit(path: str) -> int:
    """Return the largest body of a request, in bytes."""
    return _limit(path, BODY_LIMITS, MAX_BODY_BYTES)


def fills_memory(path: str, length: str) -> bool:
    """
    Whether the body of a request may be larger than usual, and is kept in memory.

    :param length: value of the header Content-Length
    """
    if body_limit(path) != MAX_PICTURE_BYTES:
        return False
    return not length.isascii() or not length.isdigit() or int(length[:20]) > MAX_BODY_BYTES


def message_limit(path: str) -> int:
    """Return the largest message of a WebSocket, in bytes."""
    return _limit(path, MESSAGE_LIMITS, MAX_MESSAGE_BYTES)


def size_words(size_bytes: int) -> str:
    """Write a size for people."""
    for unit, name in ((GB, 'GB'), (MB, 'MB'), (KB, 'KB')):
        if size_bytes >= unit:
            return f'{size_bytes / unit:.3g} {name}'
    return f'{size_bytes} bytes'


def _limit(path: str, limits: tuple[tuple[str, int], ...], default: int) -> int:
    for beginning, limit in limits:
        if path == beginning or path.startswith(f'{beginning}/'):
            return limit
    return default
