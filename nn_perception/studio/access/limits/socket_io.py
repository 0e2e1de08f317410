"""What a browser may tell NiceGUI."""

from __future__ import annotations

import json
import logging
from typing import Any

from nn_perception.core.quoting import quoted
from nn_perception.studio.access.refusal import RefusedError

LOG = logging.getLogger('nn_perception.studio.access')

PREFIX = '/_nicegui_ws/'
# Engine.IO: close, ping, pong. A message (4) contains a packet of Socket.IO: connect,
# disconnect, event, acknowledgement. Binary ones are not among them: NiceGUI uses none, and
# their parts would be collected without limit.
CLOSE, PING, PONG, MESSAGE = '1', '2', '3', '4'
CONNECT, DISCONNECT, EVENT, ACKNOWLEDGEMENT = '0', '1', '2', '3'
MAX_ID = 9
MAX_TEXT = 200
# Deeper ones cost the parser its stack.
MAX_DEPTH = 64

# Event -> what its argument must contain.
FIELDS: dict[str, dict[str, tuple[type, ...]]] = {
    'event': {'id': (int,), 'client_id': (str,), 'listener_id': (str,)},
    'javascript_response': {'client_id': (str,), 'request_id': (str,)},
    'ack': {'client_id': (str,), 'next_message_id': (int,)},
    'handshake': {'client_id': (str,), 'tab_id': (str,), 'document_id': (str,)},
}
LOG_EVENT = 'log'


def is_socket_io(path: str) -> bool:
    """Whether a path is that of NiceGUI's WebSocket."""
    return path.startswith(PREFIX)


def check_message(text: str | None) -> bool:
    """
    Check a message of a browser.

    :param text: the message; None if it is binary
    :returns: whether NiceGUI gets it
    :raises RefusedError: if no page of NiceGUI sends such a message
    """
    if text is None or not text:
        raise _strange('it is binary' if text is None else 'it is empty')
    if text in (CLOSE, PONG) or text.startswith(PING):
        return len(text) < MAX_ID
    if text[0] != MESSAGE or text[1:2] not in (CONNECT, DISCONNECT, EVENT, ACKNOWLEDGEMENT):
        raise _strange(f'it begins with {quoted(text[:2])}')
    kind, content = text[1], text[2:]
    if kind in (CONNECT, DISCONNECT):
        if content not in ('', '{}'):
            raise _strange('it has a namespace or credentials')
        return True
    number = len(content) - len(content.lstrip('0123456789'))
    values = _parse(content[number:])
    if number > MAX_ID or not isinstance(values, list):
        raise _strange('it is no list')
    return kind == ACKNOWLEDGEMENT or _check_event(values)


def _parse(text: str) -> Any:
    if text.count('[') + text.count('{') > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise _strange('it is nested too deeply')
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _strange('it is no JSON') from None


def _depth(text: str) -> int:
    """Return how deeply a JSON text is nested, at most: brackets in its strings count too."""
    depth = deepest = 0
    for character in text:
        if character in '[{':
            depth += 1
            deepest = max(deepest, depth)
        elif character in ']}':
            depth = max(0, depth - 1)
    return deepest


def _check_event(values: list[Any]) -> bool:
    name = values[0] if values else None
    argument = values[1] if len(values) == 2 else None
    if name == LOG_EVENT and isinstance(argument, dict):
        # NiceGUI would write it into the log as it is.
        LOG.info('a page says: %s', quoted(str(argument.get('message'))[:MAX_TEXT]))
        return False
    if not isinstance(name, str) or name not in FIELDS or not isinstance(argument, dict):
        raise _strange(f'there is no event {quoted(str(name)[:MAX_TEXT])} of this kind')
    for field, kinds in FIELDS[name].items():
        value = argument.get(field)
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise _strange(f'its field {field} is {quoted(str(value)[:MAX_TEXT])}')
    if name == 'event':
        _check_arguments(argument.get('args', []))
    return True


def _check_arguments(arguments: Any) -> None:
    """Check the arguments of an event; each is a JSON text in the JSON text."""
    if not isinstance(arguments, list):
        raise _strange('its arguments are no list')
    for argument in arguments:
        if argument is not None:
            if not isinstance(argument, str):
                raise _strange('an argument is no text')
            _parse(argument)


def _strange(why: str) -> RefusedError:
    return RefusedError('message', f'A message is none of the page: {why}.')
