"""A connection: a topic of a bag with one type, and how its messages are stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from nn_perception.bags.storage.qos import Qos

CDR = 'cdr'
ROS1 = 'ros1'


@dataclass(frozen=True)
class Definition:
    """
    The definition of a message type.

    :param encoding: ``ros2msg``, ``ros2idl``, ``ros1msg``, ``jsonschema`` ...; empty: none
    :param content: its text, or whatever that encoding has instead
    """

    encoding: str = ''
    content: bytes = b''


@dataclass(frozen=True)
class Connection:
    """
    A topic of a bag with one type.

    :param id: unique in its bag
    :param topic: name of the topic
    :param msgtype: name of the type, as in ``sensor_msgs/msg/Image``
    :param encoding: how the messages are serialized: ``cdr``, ``ros1``, ``json`` ...
    :param definition: of the type
    :param digest: hash of the type; empty if unknown
    :param qos: what the publishers offered
    :param msgcount: number of messages
    :param extra: what MCAP says about a channel beside this
    """

    id: int
    topic: str
    msgtype: str
    encoding: str = CDR
    definition: Definition = Definition()
    digest: str = ''
    qos: tuple[Qos, ...] = ()
    msgcount: int = 0
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def ros_type(self) -> str:
        """The name of the type as ROS 2 writes it, also where it is written as in ROS 1."""
        package, _, name = self.msgtype.partition('/')
        return f'{package}/msg/{name}' if name and '/' not in name else self.msgtype

    def joined(self, other: Connection) -> Connection:
        """Return the connection with what another one of the same kind adds."""
        return replace(
            self,
            definition=self.definition if self.definition.content else other.definition,
            digest=self.digest or other.digest,
            qos=self.qos + tuple(qos for qos in other.qos if qos not in self.qos),
            msgcount=self.msgcount + other.msgcount,
            extra={**other.extra, **self.extra},
        )


class ConnectionTable:
    """
    The connections of several files, those of the same kind joined.

    :ivar connections: their ids are their places
    """

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self._places: dict[tuple[str, str, str], dict[Definition, int]] = {}

    def add(self, new: Connection) -> int:
        """Add a connection, or join it with one of the same kind; return its place."""
        same = self._places.setdefault((new.topic, new.msgtype, new.encoding), {})
        nothing = Definition()
        definition = new.definition if new.definition.content else nothing
        place = same.get(definition)
        if place is None and same and definition == nothing:
            place = next(iter(same.values()))
        elif place is None and nothing in same:
            # Only now its definition is known.
            place = same[definition] = same.pop(nothing)
        if place is None:
            place = same[definition] = len(self.connections)
            self.connections.append(replace(new, id=place))
        else:
            self.connections[place] = self.connections[place].joined(new)
        return place

    def find(self, topic: str, msgtype: str, encoding: str) -> int | None:
        """Return the place of a connection; None if there is none of that kind."""
        same = self._places.get((topic, msgtype, encoding))
        return next(iter(same.values())) if same else None


Message = tuple[Connection, int, bytes]
"""Connection, recording time in ns, and the serialized message."""


class StorageReader(Protocol):
    """
    One file of a bag, open for reading.

    :ivar connections: its topics
    :ivar span_ns: times of the first and last message, or None
    """

    connections: list[Connection]
    span_ns: tuple[int, int] | None

    def messages(self, ids: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """
        Read the messages of some connections in the order of the recording.

        :returns: id of the connection, recording time in ns, and the content
        :raises ValueError: if the file is damaged
        """
        ...

    def close(self) -> None:
        """Close the file."""
        ...
