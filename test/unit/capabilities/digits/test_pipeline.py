"""Options are passed to the reader, and its readings are returned."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from nn_perception.capabilities.digits.pipeline import DigitOptions, DigitPipeline
from nn_perception.core.frame import Frame
from nn_perception.core.results import Digit, DigitReading
import numpy as np

READINGS = [
    DigitReading(((Digit('7', 0.9, (1.0, 2.0, 3.0, 4.0)),),), 3, capped=False),
    DigitReading((), 0, capped=False),
]


def test_options_are_passed_to_the_reader() -> None:
    calls: list[Any] = []

    def read_all(images: list[Any], **options: Any) -> list[DigitReading]:
        calls.append((len(images), options))
        return READINGS

    digits = DigitPipeline(SimpleNamespace(read_all=read_all))
    frames = [Frame(np.zeros((8, 8, 3), np.uint8), source=source) for source in ('a', 'b')]
    assert digits.process(frames) == READINGS
    digits.options = DigitOptions(min_score=0.1, ink='light', min_height_px=20, max_candidates=7)
    digits.process(frames)
    defaults = {'min_score': 0.7, 'ink': 'auto', 'min_height_px': 14, 'max_candidates': 400}
    changed = {'min_score': 0.1, 'ink': 'light', 'min_height_px': 20, 'max_candidates': 7}
    assert calls == [(2, defaults), (2, changed)]
