"""What tests of the view Teach do on the page, and what they show to its camera."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from patience import wait_until


def drawing(kind: str, seed: int) -> np.ndarray:
    """Draw a picture of one of two kinds, each time another one."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 60, (120, 160, 3), np.uint8)
    if kind == 'stripes':
        for at in range(int(rng.integers(0, 16)), 160, 16):
            cv2.line(image, (at, 0), (at, 119), (240, 240, 240), 5)
    else:
        centre = (int(rng.integers(60, 100)), int(rng.integers(50, 70)))
        cv2.circle(image, centre, int(rng.integers(30, 45)), (0, 200, 255), -1)
    return image


def picture(kind: str, seed: int) -> dict[str, Any]:
    content = cv2.imencode('.png', drawing(kind, seed))[1].tobytes()
    return {'name': f'{kind}{seed}.png', 'mimeType': 'image/png', 'buffer': content}


def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition of a page holds, and leave the processor to the page."""
    wait_until(condition, interval_s=0.1)


def card_of(page: Any, label: str) -> Any:
    return page.get_by_role('article', name=f'Class {label}', exact=True)


def count_of(page: Any, label: str) -> int:
    return int(card_of(page, label).locator('.nn-class-count').inner_text().split()[0])


def add_class(page: Any, label: str) -> Any:
    before = page.get_by_role('article').count()
    page.get_by_role('button', name='Add a class').click()
    until(lambda: page.get_by_role('article').count() == before + 1)
    name = page.get_by_role('article').last.get_by_role('textbox')
    name.fill(label)
    name.press('Enter')
    card_of(page, label).wait_for()
    return card_of(page, label)


def best(page: Any) -> str:
    """Return the label that the page shows first; the frames of a test are easily unknown."""
    names = [name for name in page.locator('.nn-bar-name').all_inner_texts() if name != 'unknown']
    return str(names[0]) if names else ''
