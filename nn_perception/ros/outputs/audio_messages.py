"""Messages with sound."""

from __future__ import annotations

from array import array

from nn_perception.sources.sounds.sound_source import SoundChunk
from nn_perception_interfaces.msg import AudioChunk
import numpy as np
from std_msgs.msg import Header


def audio_chunk_message(chunk: SoundChunk, header: Header) -> AudioChunk:
    """Build a message with a part of a sound; the stamp is that of its first sample."""
    # rclpy takes an array of this type as it is, and looks at each value of other sequences.
    samples = array('h')
    samples.frombytes(chunk.samples.astype(np.int16, copy=False).tobytes())
    return AudioChunk(
        header=header, sample_rate=chunk.rate_hz, channels=chunk.channels, samples=samples
    )
