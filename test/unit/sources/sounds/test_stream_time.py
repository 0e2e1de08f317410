"""The times of the samples of a stream."""

from __future__ import annotations

from nn_perception.sources.sounds.stream_time import StreamTime

START_NS = 1_795_900_000_123_456_789


def test_no_error_adds_up() -> None:
    stream = StreamTime(START_NS)
    for _ in range(100_000):
        stream.advance(4411, 44_100)
    assert stream.next_ns == START_NS + 100_000 * 4411 * 10**9 // 44_100
    assert stream.after(44_100, 44_100) == stream.next_ns + 10**9
    # Another rate continues there.
    before_ns = stream.next_ns
    assert stream.after(8000, 16_000) == before_ns + 500_000_000
    stream.advance(8000, 16_000)
    assert stream.next_ns == before_ns + 500_000_000


def test_follows_the_clock_of_a_microphone() -> None:
    stream = StreamTime(START_NS)
    for number in range(1, 1001):
        stream.advance(1600, 16_000)
        # The sound card is 0.1 % slow.
        assert not stream.follow(START_NS + number * 100_100_000)
    assert abs(stream.next_ns - (START_NS + 1000 * 100_100_000)) < 3_000_000
    assert stream.follow(START_NS)
    assert stream.next_ns == START_NS
