"""The message types of recorded bags: their definitions and hashes, where a bag lacks them."""

from __future__ import annotations

from dataclasses import replace

from nn_perception.bags.message_definitions import result_types
from nn_perception.bags.recorded_images import damage
from nn_perception.bags.storage.connection import CDR, Connection, Definition

# Of all definitions whose hashes are computed; the parser takes seconds for a megabyte.
MAX_BYTES = 500_000


class RecordedTypes:
    """
    Completes the types of connections.

    Bags of Humble and older contain definitions only with MCAP, and never hashes; for them the
    types of Humble are used.
    """

    def __init__(self) -> None:
        self._left = MAX_BYTES
        self._hashes: dict[tuple[str, bytes], str] = {}

    def described(self, connection: Connection) -> Connection:
        """Add the definition of a type, and its hash, where they are known."""
        definition, kind, known = connection.definition, connection.msgtype, result_types()
        if connection.encoding != CDR:
            return connection
        if not definition.content and kind in known.fielddefs:
            text = known.generate_msgdef(kind, ros_version=2)[0]
            digest = connection.digest or known.hash_rihs01(kind)
            definition = Definition('ros2msg', text.encode())
            return replace(connection, definition=definition, digest=digest)
        if connection.digest or definition.encoding != 'ros2msg':
            return connection
        key = kind, definition.content
        if key not in self._hashes:
            self._hashes[key] = self._hash(*key)
        return replace(connection, digest=self._hashes[key])

    def _hash(self, kind: str, content: bytes) -> str:
        """Compute the hash of a type; empty if its definition is damaged, or too long."""
        from rosbags.typesys import get_types_from_msg, get_typestore, Stores

        self._left -= len(content)
        if self._left < 0:
            return ''
        store = get_typestore(Stores.EMPTY)
        try:
            # The parser is slow with empty lines.
            text = '\n'.join(line for line in content.decode().splitlines() if line.strip())
            store.register(get_types_from_msg(text, kind))
            return store.hash_rihs01(kind)
        except damage():
            return ''
