"""Check that a bag can be copied, before anything takes time."""

from __future__ import annotations

from collections.abc import Iterator
import errno
from pathlib import Path
import shutil

from nn_perception.bags.bag import Bag
from nn_perception.bags.metadata import METADATA
from nn_perception.bags.storage.connection import CDR
from nn_perception.core.quoting import listed, shown

# The largest time that both storages and their descriptions can hold.
MAX_TIME_NS = 2**63 - 2
# Channels of MCAP have numbers of 16 bits; some are for the results.
MAX_TOPICS = 65_000
MEGABYTE = 1_000_000


def check_topics(bag: Bag, storage: str) -> None:
    """
    Check what is known without reading any message.

    :param storage: of the copy
    :raises ValueError: if there can be no copy, with the reason
    """
    if len(bag.connections) > MAX_TOPICS:
        raise ValueError(
            f'{bag.path} contains {len(bag.connections)} topics: the limit is {MAX_TOPICS}'
        )
    others = sorted({shown(each.encoding) for each in bag.connections} - {CDR})
    if storage == 'sqlite3' and others:
        raise ValueError(
            f'{bag.path} contains messages serialized as {listed(others)}, which a sqlite3 bag '
            'cannot hold: use --storage mcap'
        )
    check_count(bag, bag.message_count)


def check_count(bag: Bag, count: int) -> None:
    """
    Check the number of messages against what the bag states.

    :param count: how many it contains
    :raises ValueError: if it states another number
    """
    # A bag with messages that ROS 2 cannot play may count them or not.
    unplayable = sum(each.msgcount for each in bag.connections if each.encoding != CDR)
    for stated in (bag.message_count, bag.stated_count):
        if stated not in (count, count - unplayable):
            raise ValueError(
                f'{bag.path} contains {count} messages, but states {stated}: it is damaged, or '
                f'its {METADATA} belongs to another bag'
            )


def check_messages(bag: Bag, folder: Path) -> Iterator[tuple[int, int]]:
    """
    Read all messages once, so that what is damaged or too large is known.

    :param folder: where the copy is going to be
    :returns: after each message, the number of messages that are read, and of all
    :raises ValueError: if there can be no copy, with the reason
    :raises OSError: if the disk has no room for it
    """
    total, count, size = bag.message_count, 0, 0
    free = shutil.disk_usage(folder).free
    for connection, recorded_ns, content in bag.messages():
        if not 0 <= recorded_ns <= MAX_TIME_NS:
            raise ValueError(
                f'{bag.path} cannot be copied: a message on {shown(connection.topic)} was '
                f'recorded at {recorded_ns} ns, which is no time that a bag can hold'
            )
        count, size = count + 1, size + len(content)
        if size > free:
            raise OSError(
                errno.ENOSPC,
                f'the copy needs more than the {free // MEGABYTE} MB that are free in {folder}',
            )
        yield count, total
    check_count(bag, count)
