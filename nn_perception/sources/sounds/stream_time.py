"""The times of the samples of a stream."""

from __future__ import annotations

NS_PER_S = 1_000_000_000
# What is read from a clock is off by some milliseconds; what is off by more is a loss of sound.
JITTER_NS = 50_000_000
# Of a difference, so much is corrected with each chunk: the clocks of sound cards are off by some
# millionths.
CORRECTION = 0.05


class StreamTime:
    """
    Counts samples, so that no error adds up.

    :param start_ns: time of the first sample in nanoseconds
    """

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self._count, self._rate_hz = 0, 1

    @property
    def next_ns(self) -> int:
        """Time of the next sample in nanoseconds."""
        return self.after(0, self._rate_hz)

    def after(self, count: int, rate_hz: int) -> int:
        """Compute the time after some more samples, in nanoseconds."""
        if rate_hz != self._rate_hz:
            return self.next_ns + count * NS_PER_S // rate_hz
        return self._start_ns + (self._count + count) * NS_PER_S // rate_hz

    def advance(self, count: int, rate_hz: int) -> None:
        """Count samples; another rate continues where the previous one ended."""
        if rate_hz != self._rate_hz:
            self._start_ns = self.next_ns
            self._count, self._rate_hz = 0, rate_hz
        self._count += count

    def follow(self, measured_ns: int) -> bool:
        """
        Compare the time of the next sample with a clock, and correct it a little.

        :param measured_ns: time of the next sample by the clock, in nanoseconds
        :returns: whether sound is missing, or the clock was set; then the stream begins anew
        """
        off_ns = measured_ns - self.next_ns
        if abs(off_ns) > JITTER_NS:
            self._start_ns, self._count = measured_ns, 0
            return True
        self._start_ns += round(CORRECTION * off_ns)
        return False
