"""
Sounds that are no speech, synthesised from random physical parameters.

Each clip is another object in another room: what strikes, turns or flows, how often and how hard;
reverberation, the response of the microphone, noise, and the level. So two clips of a kind differ
like two recordings, and kinds overlap: a struck tool rings like a bell, a motor beats like water.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, Samples, WINDOW_SAMPLES
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE = SAMPLE_RATE_HZ
LENGTH = WINDOW_SAMPLES
TIME_S = np.arange(LENGTH) / RATE


def log_uniform(random: Generator, low: float, high: float) -> float:
    """Draw a value whose logarithm is uniform."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def coloured_noise(random: Generator, length: int, exponent: float) -> Floats:
    """Make noise whose power falls with a power of the frequency; its mean square is 1."""
    frequencies = np.maximum(np.fft.rfftfreq(length, 1.0 / RATE), 20.0)
    spectrum = np.fft.rfft(random.standard_normal(length)) * frequencies ** (-exponent / 2.0)
    noise: Floats = np.fft.irfft(spectrum, length)
    return noise / np.sqrt(np.square(noise).mean())


def band(sound: Floats, low_hz: float, high_hz: float) -> Floats:
    """Filter a sound: slopes of 12 dB an octave outside a band."""
    frequencies = np.maximum(np.fft.rfftfreq(len(sound), 1.0 / RATE), 1.0)
    gain = 1.0 / (1.0 + (low_hz / frequencies) ** 2) / (1.0 + (frequencies / high_hz) ** 2)
    return np.fft.irfft(np.fft.rfft(sound) * gain, len(sound))


def place(into: Floats, sound: Floats, at_s: float, gain: float = 1.0) -> None:
    """Add a sound at a time; what is beyond the end is lost."""
    start = int(at_s * RATE)
    part = sound[: max(0, len(into) - start)]
    into[start : start + len(part)] += gain * part


def ringing(
    random: Generator, frequencies_hz: Floats, decays_s: Floats, gains: Floats, duration_s: float
) -> Floats:
    """Add up damped modes with random phases, as a struck body has them."""
    time_s = np.arange(int(duration_s * RATE)) / RATE
    phases = random.uniform(0.0, 2.0 * np.pi, len(frequencies_hz))
    angles = 2.0 * np.pi * frequencies_hz[:, None] * time_s + phases[:, None]
    modes = np.sin(angles) * np.exp(-time_s / decays_s[:, None])
    audible = np.where(frequencies_hz < RATE / 2.0, gains, 0.0)
    total: Floats = audible @ modes
    return total


def clap(random: Generator) -> Floats:
    """Make one to three claps: some bursts of noise, milliseconds apart, in each."""
    sound = np.zeros(LENGTH)
    middle_hz, gap_s = log_uniform(random, 600.0, 2600.0), random.uniform(0.16, 0.4)
    start_s, decay_s = random.uniform(0.05, 0.4), log_uniform(random, 0.004, 0.02)
    for index in range(random.integers(1, 4)):
        for _ in range(random.integers(2, 5)):
            time_s = np.arange(int(8.0 * decay_s * RATE)) / RATE
            burst = random.standard_normal(len(time_s)) * np.exp(-time_s / decay_s)
            at_s = start_s + index * gap_s + random.uniform(0.0, 0.012)
            place(sound, burst, at_s, random.uniform(0.5, 1.0))
    return band(sound, middle_hz / random.uniform(1.3, 2.5), middle_hz * random.uniform(1.3, 2.5))


def knock(random: Generator) -> Floats:
    """Make two to five knocks on wood, plastic or a door: low modes that die away at once."""
    sound = np.zeros(LENGTH)
    count, lowest_hz = int(random.integers(3, 8)), log_uniform(random, 90.0, 420.0)
    frequencies = lowest_hz * np.cumprod(np.r_[1.0, random.uniform(1.2, 1.9, count)])
    decays = log_uniform(random, 0.012, 0.06) * (lowest_hz / frequencies) ** 0.5
    gains = random.uniform(0.3, 1.0, count + 1) * (lowest_hz / frequencies) ** 0.7
    start_s, gap_s = random.uniform(0.03, 0.3), random.uniform(0.11, 0.3)
    for index in range(random.integers(2, 6)):
        hit = ringing(random, frequencies, decays, gains, 0.25)
        click = random.standard_normal(int(0.003 * RATE)) * random.uniform(0.05, 0.5)
        hit[: len(click)] += click
        at_s = start_s + index * gap_s * random.uniform(0.9, 1.1)
        place(sound, hit, at_s, random.uniform(0.5, 1.0))
    return sound


def whistle(random: Generator) -> Floats:
    """Make a whistled tone that glides, with some breath."""
    start_hz = log_uniform(random, 650.0, 2400.0)
    bend = random.uniform(-0.6, 0.9) * (random.random() < 0.7)
    begin_s, end_s = random.uniform(0.0, 0.3), random.uniform(0.6, 1.0)
    share = np.clip((TIME_S - begin_s) / (end_s - begin_s), 0.0, 1.0)
    shape = share if random.random() < 0.6 else np.sin(np.pi * share)
    vibrato = random.uniform(0.0, 0.02) * np.sin(2.0 * np.pi * random.uniform(4.0, 8.0) * TIME_S)
    pitch = start_hz * 2.0 ** (bend * shape + vibrato)
    phase = 2.0 * np.pi * np.cumsum(pitch) / RATE
    tone = np.sin(phase) + random.uniform(0.0, 0.15) * np.sin(2.0 * phase)
    breath = band(random.standard_normal(LENGTH), 0.7 * start_hz, 2.5 * start_hz)
    edge_s = random.uniform(0.02, 0.08)
    rise = np.clip((TIME_S - begin_s) / edge_s, 0.0, 1.0)
    return (
        (tone + random.uniform(0.02, 0.4) * breath)
        * rise
        * np.clip((end_s - TIME_S) / edge_s, 0.0, 1.0)
    )


def keys(random: Generator) -> Floats:
    """Make a bunch of keys: many small strokes of stiff metal."""
    sound = np.zeros(LENGTH)
    lowest_hz, shortest_s = log_uniform(random, 1600.0, 3800.0), log_uniform(random, 0.004, 0.03)
    pulse_hz, depth = random.uniform(1.5, 6.0), random.uniform(0.0, 1.0)
    for _ in range(random.integers(12, 45)):
        count = int(random.integers(3, 7))
        frequencies = lowest_hz * random.uniform(0.9, 4.5, count)
        decays = shortest_s * random.uniform(0.5, 3.0, count)
        hit = ringing(random, frequencies, decays, random.uniform(0.2, 1.0, count), 0.2)
        at_s = random.uniform(0.0, 0.95)
        beat = 1.0 - depth * (0.5 + 0.5 * np.sin(2.0 * np.pi * pulse_hz * at_s))
        place(sound, hit, at_s, random.exponential(0.5) * beat)
    return sound


def bell(random: Generator) -> Floats:
    """Make a bell that is struck once to three times: partials that ring for long."""
    sound = np.zeros(LENGTH)
    ratios = np.array([0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 3.01, 4.1])
    frequencies = log_uniform(random, 350.0, 2000.0) * ratios * random.uniform(0.98, 1.02, 8)
    decays = log_uniform(random, 0.2, 1.5) * (frequencies[1] / frequencies) ** 0.6
    gains = random.uniform(0.1, 1.0, 8) / ratios**0.4
    start_s, gap_s = random.uniform(0.0, 0.35), random.uniform(0.12, 0.45)
    for index in range(random.integers(1, 4)):
        hit = ringing(random, frequencies, decays, gains, 1.0)
        place(sound, hit, start_s + index * gap_s, random.uniform(0.6, 1.0))
    return sound


def motor(random: Generator) -> Floats:
    """Make a motor or a fan: harmonics of its rotation, noise, and both beat with it."""
    speed_hz, drift = log_uniform(random, 25.0, 220.0), random.uniform(-0.25, 0.25)
    wobble = random.uniform(0.0, 0.02) * np.sin(2.0 * np.pi * random.uniform(0.5, 5.0) * TIME_S)
    phase = 2.0 * np.pi * np.cumsum(speed_hz * (1.0 + drift * TIME_S + wobble)) / RATE
    slope = random.uniform(0.5, 1.6)
    highest = int(min(60, RATE / 2.5 / speed_hz))
    gains = random.uniform(0.1, 1.0, highest) / np.arange(1, highest + 1) ** slope
    tones = sum(gain * np.sin((n + 1) * phase + n) for n, gain in enumerate(gains))
    noise = band(random.standard_normal(LENGTH), 80.0, log_uniform(random, 500.0, 5000.0))
    beat = 1.0 + random.uniform(0.0, 0.7) * np.sin(phase * random.choice([0.5, 1.0, 2.0]))
    sound: Floats = tones + random.uniform(0.1, 0.8) * noise * beat
    return sound


def alarm(random: Generator) -> Floats:
    """Make a beeper or a siren: a tone with pauses, two in turns, or one that rises and falls."""
    low_hz, rate_hz = log_uniform(random, 600.0, 3000.0), log_uniform(random, 2.0, 8.0)
    cycle = (TIME_S * rate_hz + random.random()) % 1.0
    gate, pitch = np.ones(LENGTH), np.full(LENGTH, low_hz)
    way = random.integers(3)
    if way == 0:
        gate = (cycle < random.uniform(0.3, 0.7)).astype(float)
    elif way == 1:
        pitch = np.where(cycle < 0.5, low_hz, low_hz * random.uniform(1.15, 1.6))
    else:
        pitch = low_hz * 2.0 ** (random.uniform(0.4, 1.0) * (1.0 - np.abs(2.0 * cycle - 1.0)))
    phase = 2.0 * np.pi * np.cumsum(pitch) / RATE
    hardness = random.uniform(0.0, 3.0)
    smooth = np.hanning(int(0.004 * RATE))
    gate = np.convolve(gate, smooth / smooth.sum(), 'same')
    return np.tanh((1.0 + hardness) * np.sin(phase)) * gate


def water(random: Generator) -> Floats:
    """Make running or pouring water: noise, and bubbles that rise in pitch as they close."""
    low_hz = log_uniform(random, 300.0, 1500.0)
    stream = band(random.standard_normal(LENGTH), low_hz, log_uniform(random, 2500.0, 7000.0))
    pulse = np.interp(np.arange(LENGTH), np.linspace(0, LENGTH, 20), random.uniform(0.5, 1.0, 20))
    sound: Floats = random.uniform(0.05, 1.0) * stream * pulse
    for _ in range(random.integers(15, 120)):
        duration_s = log_uniform(random, 0.006, 0.05)
        time_s = np.arange(int(4.0 * duration_s * RATE)) / RATE
        pitch = log_uniform(random, 350.0, 3500.0) * (1.0 + random.uniform(0.0, 6.0) * time_s)
        bubble = np.sin(2.0 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-time_s / duration_s)
        place(sound, bubble, random.uniform(0.0, 0.98), random.exponential(0.5))
    return sound


def fall(random: Generator) -> Floats:
    """Make a tool that falls on the floor: it rings, and bounces at shorter and shorter gaps."""
    sound = np.zeros(LENGTH)
    count, lowest_hz = int(random.integers(6, 14)), log_uniform(random, 400.0, 1600.0)
    frequencies = lowest_hz * np.sort(random.uniform(1.0, 8.0, count))
    decays = log_uniform(random, 0.03, 0.2) * (lowest_hz / frequencies) ** random.uniform(0.2, 0.8)
    at_s, gap_s = random.uniform(0.0, 0.3), random.uniform(0.1, 0.3)
    gain, bounce = 1.0, random.uniform(0.45, 0.75)
    while at_s < 1.0 and gap_s > 0.008:
        hit = ringing(random, frequencies, decays, random.uniform(0.1, 1.0, count), 0.6)
        thud = ringing(random, np.array([lowest_hz / 5.0]), np.array([0.02]), np.ones(1), 0.1)
        hit[: len(thud)] += 2.0 * thud
        place(sound, hit, at_s, gain)
        at_s, gap_s, gain = at_s + gap_s, gap_s * bounce, gain * random.uniform(0.4, 0.9)
    return sound


def saw(random: Generator) -> Floats:
    """Make strokes of a saw, a brush or sandpaper: noise that swells and fades."""
    low_hz = log_uniform(random, 500.0, 2500.0)
    noise = band(random.standard_normal(LENGTH), low_hz, low_hz * random.uniform(1.5, 5.0))
    phase = 2.0 * np.pi * (random.uniform(2.0, 6.0) * TIME_S + random.random())
    swell = np.clip(np.sin(phase) + random.uniform(-0.3, 0.5), 0.0, None)
    teeth = 1.0 + random.uniform(0.0, 0.9) * np.sin(random.uniform(60.0, 250.0) * 6.28 * TIME_S)
    return noise * swell * teeth


def background(random: Generator) -> Floats:
    """Make a room without an event: noise of some colour, and at times a hum."""
    sound = coloured_noise(random, LENGTH, random.uniform(0.0, 2.2))
    if random.random() < 0.5:
        hum = np.sin(2.0 * np.pi * random.choice([50.0, 60.0, 100.0, 120.0]) * TIME_S)
        sound += random.uniform(0.0, 1.5) * hum
    return sound


KINDS: dict[str, Callable[[Generator], Floats]] = {
    kind.__name__: kind
    for kind in (alarm, background, bell, clap, fall, keys, knock, motor, saw, water, whistle)
}


def in_a_room(sound: Floats, random: Generator) -> Floats:
    """Add reverberation, and the response of a microphone."""
    duration_s = log_uniform(random, 0.08, 0.8)
    time_s = np.arange(int(duration_s * RATE)) / RATE
    tail = random.standard_normal(len(time_s)) * np.exp(-6.9 * time_s / duration_s)
    tail = band(tail, 100.0, log_uniform(random, 1500.0, 7000.0))
    tail *= random.uniform(0.05, 0.8) / np.sqrt(np.square(tail).sum())
    tail[0] += 1.0
    size = len(sound) + len(tail)
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound)]
    return band(wet, log_uniform(random, 20.0, 250.0), log_uniform(random, 3500.0, 9000.0))


def synthesised(kind: str, random: Generator) -> Samples:
    """
    Make one clip.

    :param kind: one of ``KINDS``
    :returns: float32, ``(LENGTH,)``, from -1 to 1
    """
    sound = in_a_room(KINDS[kind](random), random)
    noise = coloured_noise(random, LENGTH, random.uniform(0.0, 2.0))
    loudness = np.sqrt(np.sort(np.square(sound))[-LENGTH // 10 :].mean()) or 1.0
    sound = sound + loudness * 10.0 ** (-random.uniform(12.0, 40.0) / 20.0) * noise
    peak = 10.0 ** (-random.uniform(1.0, 30.0) / 20.0)
    return (peak * sound / np.abs(sound).max()).astype(np.float32)


def synthesised_clips(kinds: Sequence[str], count: int, seed: int) -> NDArray[np.float32]:
    """Make so many clips of each kind, ``(N, LENGTH)``."""
    return np.stack(
        [
            synthesised(kind, np.random.default_rng((seed, sorted(KINDS).index(kind), number)))
            for kind in kinds
            for number in range(count)
        ]
    )
