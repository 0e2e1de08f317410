"""A clock for the tests of the diagnostics, so that minutes pass instantly."""

from __future__ import annotations

from types import SimpleNamespace

from nn_perception.ros.diagnostics import (
    audio_health,
    camera_health,
    clock_watch,
    frame_statistics,
    log_throttle,
)
import pytest


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Replace the monotonic clock; a test advances ``now_s``."""
    clock = SimpleNamespace(now_s=100.0)
    time = SimpleNamespace(monotonic=lambda: clock.now_s)
    for module in (audio_health, camera_health, clock_watch, frame_statistics, log_throttle):
        monkeypatch.setattr(module, 'time', time)
    return clock
