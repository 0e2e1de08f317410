"""What tests of the view Sound do on the page, and what its fake microphone hears."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
import time
from typing import Any

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, WINDOW_SAMPLES
from nn_perception.core.audio.sound_files import encode_wav, read_sound
import numpy as np
from teach_page import until

# What the microphone hears, over and over: so many seconds of each.
SECTION_S = 8
SECTIONS = ('background', 'yes', 'stop')
# A block of the page's microphone.
BLOCK_S = 2048 / SAMPLE_RATE_HZ


def compose(path: Path, clips: Sequence[Path]) -> Path:
    """Write clips of one second, one after the other."""
    sounds = [np.resize(read_sound(clip), WINDOW_SAMPLES) for clip in clips]
    path.write_bytes(encode_wav(np.concatenate(sounds)))
    return path


def clips_of(test_data: Path, label: str, count: int) -> list[Path]:
    return sorted((test_data / 'sounds' / label).glob('*.wav'))[:count]


class Microphone:
    """The fake microphone of a page: where it is in its file."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._live = page.locator('.nn-sound')

    @property
    def heard_s(self) -> float:
        return int(self._live.get_attribute('data-blocks')) * BLOCK_S

    def wait_for(self, label: str) -> None:
        """Wait until a section has just begun."""
        begin_s = SECTIONS.index(label) * SECTION_S
        length_s = len(SECTIONS) * SECTION_S
        until(lambda: 0.3 < (self.heard_s - begin_s) % length_s < 1.8)

    def best_in(self, label: str, classes: Collection[str]) -> str:
        """Return which of some classes is shown most often while a section is heard."""
        self.wait_for(label)
        found: Counter[str] = Counter()
        end_s = self.heard_s + SECTION_S / 2
        while self.heard_s < end_s:
            found.update({name for name in shown_tags(self._page) if name in classes})
            time.sleep(0.1)
        return found.most_common(1)[0][0] if found else ''


def shown_tags(page: Any) -> list[str]:
    """Return the labels that the page shows with more than a quarter."""
    rows = page.locator('.nn-bars li').all_inner_texts()
    parts = [row.split('\n') for row in rows]
    return [part[0] for part in parts if float(part[-1].split()[0]) > 25.0]
