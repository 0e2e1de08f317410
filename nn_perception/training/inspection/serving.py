"""Serve in a process that ends when nobody needs it."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import json
import os
import threading

from nn_perception.training.inspection.server import Server

CHECK_S = 0.2
# Somebody who reloads the page is back within this time.
LINGER_S = 10.0
STANDARD_INPUT, STANDARD_OUTPUT, STANDARD_ERROR = range(3)


def serve_until_idle(open_server: Callable[[], Server], idle_s: float) -> int:
    """
    Serve until nobody has asked for a while, or the parent is gone.

    Writes a line of JSON to standard output when it can be asked, ``{"ready": true}``, or why it
    cannot, ``{"error": ...}``. The parent holds the other end of standard input.

    :param open_server: its errors are the reasons why it cannot be asked
    :param idle_s: time without requests after which it ends; without viewers, at most 10 s
    :returns: exit status
    """
    # Whatever libraries print must not get between the lines of JSON.
    out = os.dup(STANDARD_OUTPUT)
    os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
    gone = threading.Event()
    threading.Thread(target=_wait_for_parent, args=(gone,), daemon=True).start()
    try:
        server = open_server()
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        _say(out, {'error': str(error) or repr(error)})
        return 1
    _say(out, {'ready': True})
    while not gone.wait(CHECK_S):
        limit_s = idle_s if server.viewers else min(idle_s, LINGER_S)
        if server.idle_s > limit_s:
            break
    server.close()
    return 0


def _wait_for_parent(gone: threading.Event) -> None:
    """Wait until the other end of standard input is closed, by hand or by the parent's end."""
    with contextlib.suppress(OSError):
        while os.read(STANDARD_INPUT, 1024):
            pass
    gone.set()


def _say(out: int, words: dict[str, object]) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(out, json.dumps(words).encode() + b'\n')
