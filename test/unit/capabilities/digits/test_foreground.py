"""Writing and its background."""

from __future__ import annotations

from nn_perception.capabilities.digits.foreground import foreground_masks, Grey
import numpy as np
import pytest


def paper(height: int = 120, width: int = 200, value: int = 200) -> Grey:
    return np.full((height, width), value, np.uint8)


def test_dark_and_light_writing_are_separated() -> None:
    grey = paper(value=120)
    grey[40:60, 50:54] = 30
    grey[40:60, 150:154] = 220
    dark, light = foreground_masks(grey)
    assert dark[45:55, 50:54].all()
    assert light[45:55, 150:154].all()
    assert not (dark & light).any()
    assert np.count_nonzero(dark) == pytest.approx(80, abs=30)
    assert np.count_nonzero(light) == pytest.approx(80, abs=30)


@pytest.mark.parametrize('value', [0, 7, 128, 250, 255])
def test_plain_paper_has_no_foreground(value: int) -> None:
    dark, light = foreground_masks(paper(value=value))
    assert not dark.any()
    assert not light.any()


def test_sensor_noise_is_no_foreground() -> None:
    noise = np.random.default_rng(0).normal(180, 2.5, (300, 400))
    dark, light = foreground_masks(np.clip(noise, 0, 255).astype(np.uint8))
    assert np.count_nonzero(dark) + np.count_nonzero(light) < 0.001 * noise.size


def test_writing_is_found_in_light_and_in_shadow() -> None:
    brightness = np.linspace(240, 60, 400)
    grey = np.tile(brightness, (100, 1))
    for left in range(20, 400, 60):
        grey[30:70, left : left + 4] *= 0.5
    dark, _ = foreground_masks(grey.astype(np.uint8))
    for left in range(20, 400, 60):
        assert dark[35:65, left + 1 : left + 3].mean() > 250, left
