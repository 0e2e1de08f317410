"""
YAML of strangers, as plain lists, dictionaries and texts, within limits.

A few aliases can stand for gigabytes of text, and a loader builds objects of a hundred times the
size of the text. So the values are built from the events of the parser, and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nn_perception.bags.storage.files import BagError
import yaml

# The description of a recording of a week in 10,000 files has 100,000.
MAX_VALUES = 300_000
MAX_DEPTH = 50
NOTHING = {'', '~', 'null', 'Null', 'NULL'}


class _Collection:
    """A list or dictionary that is being built."""

    def __init__(self, anchor: str | None, *, is_mapping: bool) -> None:
        self.anchor = anchor
        self.size = 1
        self._is_mapping = is_mapping
        self._values: list[Any] = []

    def add(self, value: Any, size: int) -> None:
        """Add a value; in a dictionary, keys and values take turns."""
        self._values.append(value)
        self.size += size
        if self.size > MAX_VALUES:
            raise BagError(f'its YAML holds more than {MAX_VALUES} values, aliases included')

    def finish(self) -> Any:
        """Return the list or dictionary."""
        if not self._is_mapping:
            return self._values
        keys, values = self._values[::2], self._values[1::2]
        if not all(isinstance(key, str | None) for key in keys):
            raise BagError('its YAML has a key that is no text')
        return dict(zip(keys, values, strict=True))


def load_yaml(text: str) -> Any:
    """
    Load the first document of a YAML text.

    :returns: lists, dictionaries, and texts as they are written (numbers too); None for nothing
    :raises BagError: if it is not valid, or stands for more than 300,000 values
    """
    try:
        return _build(yaml.parse(text, Loader=getattr(yaml, 'CSafeLoader', yaml.SafeLoader)))
    except (yaml.YAMLError, RecursionError, UnicodeError) as error:
        mark = getattr(error, 'problem_mark', None)
        where = f' in line {mark.line + 1}' if mark else ''
        raise BagError(f'it is not valid YAML{where}') from error


def _build(events: Iterator[Any]) -> Any:
    known: dict[str, tuple[Any, int]] = {}
    stack = [_Collection(None, is_mapping=False)]
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            if len(stack) > MAX_DEPTH:
                raise BagError(f'its YAML is nested more than {MAX_DEPTH} times')
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            stack.append(_Collection(event.anchor, is_mapping=is_mapping))
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            done = stack.pop()
            anchor, value, size = done.anchor, done.finish(), done.size
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in known:
                raise BagError('its YAML refers to itself')
            anchor, (value, size) = None, known[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            nothing = event.implicit[0] and event.value in NOTHING
            anchor, value, size = event.anchor, None if nothing else event.value, 1
        elif isinstance(event, yaml.DocumentEndEvent):
            break
        else:
            continue
        if anchor:
            known[anchor] = value, size
        stack[-1].add(value, size)
    documents = stack[0].finish()
    return documents[0] if documents else None
