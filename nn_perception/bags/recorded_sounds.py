"""The sound in bags."""

from __future__ import annotations

from typing import Any

from nn_perception.bags.message_definitions import result_types
from nn_perception.bags.recorded_images import damage
from nn_perception.bags.storage.connection import CDR, Connection, Message
from nn_perception.capabilities.messages import AUDIO_CHUNK
from nn_perception.capabilities.sounds.chunks import Chunk
from nn_perception.core.quoting import listed, shown
import numpy as np


def is_sound(connection: Connection) -> bool:
    """Tell whether the messages of a connection are sound that can be read."""
    return connection.ros_type == AUDIO_CHUNK and connection.encoding == CDR


def read_chunk(message: Message) -> Chunk:
    """
    Read a nn_perception_interfaces/AudioChunk.

    :raises ValueError: if it is damaged, or no sound
    """
    _, recorded_ns, content = message
    try:
        msg: Any = result_types().deserialize_cdr(content, AUDIO_CHUNK)
    except damage() as error:
        raise ValueError(f'damaged: {error}') from error
    stamp = msg.header.stamp
    chunk = Chunk(
        np.asarray(msg.samples, np.int16),
        int(msg.sample_rate),
        int(msg.channels),
        stamp.sec + stamp.nanosec * 1e-9,
        recorded_ns * 1e-9,
        msg.header.frame_id,
    )
    chunk.check()
    return chunk


def choose_sound_topic(connections: list[Connection], topic: str) -> str:
    """
    Choose a topic with sound.

    :param connections: of the bag
    :param topic: may be empty if there is only one
    :raises ValueError: if there is no sound on it, or on several topics and none is given
    """
    topics = sorted({one.topic for one in connections if is_sound(one)})
    if topic in topics:
        return topic
    if len(topics) == 1 and not topic:
        return topics[0]
    if not topics:
        raise ValueError(f'the bag contains no sound of type {AUDIO_CHUNK}')
    problem = f'has no sound on {shown(topic)}' if topic else 'has sound on several topics'
    raise ValueError(f'the bag {problem}; choose one of: {listed([shown(t) for t in topics])}')
