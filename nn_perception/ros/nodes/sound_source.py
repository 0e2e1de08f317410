"""The node ``sound_source``: plays sound files, or a microphone, as an audio topic."""

from __future__ import annotations

from dataclasses import dataclass
import sys
import time

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.ros.base.parameters import Contract, LiveParameters, parameter
from nn_perception.ros.diagnostics.log_throttle import LogThrottle
from nn_perception.ros.diagnostics.messages import diagnostic_array
from nn_perception.ros.diagnostics.status import Status
from nn_perception.ros.outputs.audio_messages import audio_chunk_message
from nn_perception.ros.outputs.headers import make_header
from nn_perception.ros.outputs.qos import audio_qos, PLAYING_QOS
from nn_perception.ros.outputs.subscriber_wait import SubscriberWait
from nn_perception.ros.process.main import main
from nn_perception.sources.sounds.open_sounds import open_sounds
from nn_perception.sources.sounds.sound_source import SoundChunk
from nn_perception.sources.sounds.stream_time import NS_PER_S, StreamTime
from nn_perception_interfaces.msg import AudioChunk
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rclpy.time import Time

ACKNOWLEDGEMENT_TIMEOUT_S = 2.0
# rclpy rejects a timer period of zero.
MIN_PERIOD_NS = 1000
# A player that is later than this does not hurry to catch up; if it is earlier, the clock was set.
MAX_OFF_NS = 2 * NS_PER_S
# A microphone that is lost is looked for again so often.
RETRY_NS = 2 * NS_PER_S
FRAME_ID = 'microphone'


@dataclass(frozen=True)
class SoundSourceParameters:
    """Parameters of the node ``sound_source``."""

    source: str = parameter(
        '',
        Contract(
            'sound file (WAV, FLAC, OGG, MP3 or AIFF), folder of them, microphone (the default '
            'one), or microphone:NAME with a part of a name or a number; empty: the sample of '
            'this package',
            read_only=True,
        ),
    )
    rate: int = parameter(
        0,
        Contract(
            'sampling rate of the sound, which then has one channel; 0: as recorded, or that of '
            'the microphone; from 1000',
            unit='Hz',
            minimum=0,
            maximum=384000,
            read_only=True,
        ),
    )
    chunk_s: float = parameter(
        0.1, Contract('duration of a message', unit='s', minimum=0.01, maximum=1.0)
    )
    loop: bool = parameter(
        True, Contract('start again after the last file, or connect again to a microphone')
    )
    exit_at_end: bool = parameter(
        False, Contract('end the process after the last file, if loop is false')
    )
    wait_for_subscriber: bool = parameter(
        False, Contract('start when the sound has a subscriber', read_only=True)
    )
    frame_id: str = parameter(FRAME_ID, Contract('frame_id of the headers'))


class SoundSourceNode(Node):
    """
    Publish sound as a driver of a microphone does.

    :ivar finished: whether the process should end
    :raises OSError: if the source cannot be read, or a microphone needs what is not installed
    :raises ValueError: if the source contains no sound
    """

    def __init__(self) -> None:
        super().__init__('sound_source')
        self._live = LiveParameters(self, SoundSourceParameters, self._on_parameters_changed)
        p = self.parameters
        self._source = open_sounds(p.source or SAMPLES_FOLDER / 'sounds', p.rate)
        self._audio = self.create_publisher(
            AudioChunk, 'audio', audio_qos(ReliabilityPolicy.RELIABLE)
        )
        self._playing = self.create_publisher(DiagnosticArray, '~/playing', PLAYING_QOS)
        self._next: SoundChunk | None = None
        self._time: StreamTime | None = None
        self._name = ''
        self._published = 0
        self._ended = False
        self._log_throttle = LogThrottle(self.get_logger())
        self.finished = False
        self._timer = self.create_timer(p.chunk_s, self._play)
        if p.wait_for_subscriber:
            self._timer.cancel()
            self._wait = SubscriberWait(
                self, self._audio.get_subscription_count, self._timer.reset
            )

    @property
    def parameters(self) -> SoundSourceParameters:
        """Current parameters."""
        return self._live.value

    def _play(self) -> None:
        """Publish the chunks that are due, and set the timer to the next one."""
        if self._source.live:
            self._play_live()
            return
        while (chunk := self._next or self._read()) is not None:
            now_ns = self.get_clock().now().nanoseconds
            # A microphone delivers a chunk when its last sample is captured.
            due_ns = self._time.after(chunk.count, chunk.rate_hz) if self._time else now_ns
            if self._time is None or abs(now_ns - due_ns) > MAX_OFF_NS:
                self._time = StreamTime(now_ns)
                due_ns = self._time.after(chunk.count, chunk.rate_hz)
            if due_ns > now_ns:
                self._next = chunk
                self._set_timer(due_ns - now_ns)
                return
            self._next = None
            self._publish(chunk, self._time)
        self._end()

    def _play_live(self) -> None:
        """Publish what the microphone has captured."""
        chunk = self._source.read(self.parameters.chunk_s)
        problem = self._source.problem
        self._log_throttle.update(Status('warn' if problem else 'ok', problem or 'sound comes'))
        if chunk is None:
            if self._source.ended and not self.parameters.loop:
                self._end()
            else:
                found = not self._source.ended or self._source.rewind()
                self._set_timer(MIN_PERIOD_NS if found else RETRY_NS)
            return
        # It waits for sound itself.
        self._set_timer(MIN_PERIOD_NS)
        now = self.get_clock().now().nanoseconds
        measured_ns = now - round(_age_s(chunk) * NS_PER_S)
        if self._time is None:
            self._time = StreamTime(measured_ns)
        elif self._time.follow(measured_ns):
            self.get_logger().warning(
                'sound of the microphone was lost', throttle_duration_sec=60.0
            )
        self._publish(chunk, self._time)

    def _read(self) -> SoundChunk | None:
        """Read a chunk, from the beginning after the last one if `loop` is set."""
        chunk = self._source.read(self.parameters.chunk_s)
        # Without a sound in it, a file would be read again and again.
        if chunk is None and self.parameters.loop and self._published and self._source.rewind():
            self._name = ''
            chunk = self._source.read(self.parameters.chunk_s)
        return chunk

    def _publish(self, chunk: SoundChunk, stream: StreamTime) -> None:
        stamp = Time(nanoseconds=stream.next_ns).to_msg()
        header = make_header(stamp, self.parameters.frame_id)
        if chunk.name != self._name:
            self._name = chunk.name
            playing = Status('ok', chunk.name, {'rate': chunk.rate_hz, 'channels': chunk.channels})
            self._playing.publish(diagnostic_array('playing', 'sound_source', playing, header))
        self._audio.publish(audio_chunk_message(chunk, header))
        stream.advance(chunk.count, chunk.rate_hz)
        self._published += 1

    def _set_timer(self, period_ns: int) -> None:
        self._timer.timer_period_ns = max(period_ns, MIN_PERIOD_NS)
        self._timer.reset()

    def _end(self) -> None:
        self._timer.cancel()
        self._ended = True
        # The next sound does not follow this one.
        self._time = None
        if not self._published:
            self.get_logger().error('the source has no readable sound')
        self.get_logger().info(f'{self._published} chunks published')
        if self.parameters.exit_at_end:
            timeout = Duration(seconds=ACKNOWLEDGEMENT_TIMEOUT_S)
            self._audio.wait_for_all_acked(timeout)
            self._playing.wait_for_all_acked(timeout)
            self.finished = True

    def _on_parameters_changed(self, previous: SoundSourceParameters) -> None:  # noqa: ARG002
        if self._ended and self.parameters.loop:
            self._ended = False
            self._set_timer(MIN_PERIOD_NS)

    def destroy_node(self) -> None:
        """Close the microphone or file."""
        self._source.close()
        super().destroy_node()


def _age_s(chunk: SoundChunk) -> float:
    """Compute how long ago the first sample was captured."""
    if chunk.captured_s is None:
        return chunk.count / chunk.rate_hz
    return time.monotonic() - chunk.captured_s


if __name__ == '__main__':
    sys.exit(main(lambda: SoundSourceNode))
