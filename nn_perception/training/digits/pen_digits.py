"""
Handwritten digits with forms that are rare in MNIST.

MNIST was written in the United States, where few ones have a flag, hardly any a foot, and few
sevens a bar. The forms here are strokes as they are common elsewhere; points, proportions, slant
and pen vary from sample to sample.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
from nn_perception.capabilities.digits.patches import to_patch
import numpy as np
from numpy.typing import NDArray

CANVAS_PX = 96
DIGIT_PX = 64
STEPS = 10

# A stroke: whether it is curved, and its points, x to the right and y down, in [0, 1].
Stroke = tuple[bool, tuple[tuple[float, float], ...]]
BENT, STRAIGHT = True, False

SEVEN: Stroke = (STRAIGHT, ((0.1, 0.04), (0.9, 0.03), (0.42, 1.0)))
SEVEN_WITH_SERIF: Stroke = (STRAIGHT, ((0.1, 0.2), (0.12, 0.04), (0.9, 0.03), (0.42, 1.0)))
ROUND_SEVEN: Stroke = (
    BENT, ((0.1, 0.12), (0.2, 0.04), (0.5, 0.06), (0.88, 0.04), (0.6, 0.45), (0.42, 1.0)),
)  # fmt: skip
SEVENS_BAR: Stroke = (STRAIGHT, ((0.28, 0.5), (0.85, 0.47)))
FLAG: Stroke = (STRAIGHT, ((0.12, 0.38), (0.55, 0.0), (0.52, 1.0)))
LONG_FLAG: Stroke = (STRAIGHT, ((0.0, 0.55), (0.7, 0.0), (0.65, 1.0)))
PRINTED_FLAG: Stroke = (STRAIGHT, ((0.25, 0.24), (0.5, 0.18), (0.6, 0.0), (0.6, 1.0)))
FOOT: Stroke = (STRAIGHT, ((0.15, 1.0), (0.92, 0.98)))
LOOP_OF_NINE: Stroke = (
    BENT, ((0.8, 0.22), (0.5, 0.0), (0.16, 0.25), (0.4, 0.5), (0.78, 0.28)),
)  # fmt: skip

FORMS: dict[int, tuple[tuple[Stroke, ...], ...]] = {
    0: (
        ((BENT, ((0.5, 0.0), (0.12, 0.3), (0.14, 0.75), (0.5, 1.0), (0.88, 0.7), (0.86, 0.25),
                 (0.5, 0.0))),),
        ((BENT, ((0.65, 0.05), (0.2, 0.2), (0.1, 0.65), (0.4, 1.0), (0.85, 0.75), (0.85, 0.3),
                 (0.45, 0.02))),),
    ),
    1: ((FLAG,), (LONG_FLAG,), (PRINTED_FLAG,), (FLAG, FOOT), (LONG_FLAG, FOOT),
        ((STRAIGHT, ((0.5, 0.0), (0.5, 1.0))),)),
    2: (
        ((BENT, ((0.12, 0.25), (0.35, 0.02), (0.8, 0.12), (0.75, 0.45), (0.4, 0.8), (0.1, 1.0))),
         (STRAIGHT, ((0.1, 1.0), (0.92, 0.97)))),
        ((BENT, ((0.15, 0.2), (0.45, 0.0), (0.82, 0.2), (0.55, 0.6), (0.15, 0.95), (0.12, 0.8),
                 (0.4, 0.85), (0.92, 1.0))),),
        ((STRAIGHT, ((0.1, 0.08), (0.85, 0.03), (0.1, 0.98), (0.9, 1.0))),),
    ),
    3: (
        ((BENT, ((0.12, 0.12), (0.5, 0.0), (0.82, 0.2), (0.42, 0.45), (0.85, 0.7), (0.5, 1.0),
                 (0.08, 0.9))),),
        ((STRAIGHT, ((0.12, 0.03), (0.82, 0.03), (0.42, 0.42))),
         (BENT, ((0.42, 0.42), (0.88, 0.6), (0.75, 0.92), (0.35, 1.0), (0.08, 0.9)))),
    ),
    4: (
        ((STRAIGHT, ((0.32, 0.0), (0.08, 0.58), (0.92, 0.55))),
         (STRAIGHT, ((0.65, 0.25), (0.6, 1.0)))),
        ((STRAIGHT, ((0.62, 1.0), (0.65, 0.0), (0.05, 0.66), (0.95, 0.66))),),
        ((STRAIGHT, ((0.18, 0.0), (0.1, 0.5), (0.8, 0.48))),
         (STRAIGHT, ((0.82, 0.05), (0.75, 1.0)))),
        ((BENT, ((0.2, 0.0), (0.1, 0.4), (0.35, 0.52), (0.8, 0.42))),
         (STRAIGHT, ((0.85, 0.0), (0.8, 1.0)))),
        ((STRAIGHT, ((0.6, 0.0), (0.05, 0.6), (0.55, 0.62), (0.95, 0.58))),
         (STRAIGHT, ((0.7, 0.4), (0.55, 1.0)))),
    ),
    5: (
        ((STRAIGHT, ((0.88, 0.02), (0.28, 0.04), (0.2, 0.45))),
         (BENT, ((0.2, 0.45), (0.6, 0.38), (0.85, 0.65), (0.6, 0.97), (0.08, 0.95)))),
        ((BENT, ((0.85, 0.0), (0.35, 0.08), (0.2, 0.4), (0.65, 0.5), (0.8, 0.78), (0.45, 1.0),
                 (0.08, 0.92))),),
        ((STRAIGHT, ((0.3, 0.06), (0.22, 0.45))), (STRAIGHT, ((0.3, 0.02), (0.95, 0.0))),
         (BENT, ((0.22, 0.45), (0.6, 0.4), (0.82, 0.68), (0.55, 0.98), (0.05, 0.92)))),
    ),
    6: (
        ((BENT, ((0.75, 0.0), (0.35, 0.3), (0.15, 0.7), (0.42, 1.0), (0.82, 0.8), (0.62, 0.52),
                 (0.2, 0.7))),),
        ((BENT, ((0.55, 0.0), (0.22, 0.35), (0.12, 0.78), (0.45, 1.0), (0.85, 0.78), (0.55, 0.55),
                 (0.18, 0.72))),),
    ),
    7: ((SEVEN,), (SEVEN, SEVENS_BAR), (ROUND_SEVEN,), (ROUND_SEVEN, SEVENS_BAR),
        (SEVEN_WITH_SERIF,), (SEVEN_WITH_SERIF, SEVENS_BAR)),
    8: (
        ((BENT, ((0.78, 0.15), (0.45, 0.0), (0.2, 0.2), (0.52, 0.45), (0.85, 0.75), (0.5, 1.0),
                 (0.15, 0.78), (0.5, 0.45), (0.8, 0.2), (0.6, 0.02))),),
        ((BENT, ((0.5, 0.0), (0.2, 0.22), (0.5, 0.46), (0.8, 0.22), (0.5, 0.0))),
         (BENT, ((0.5, 0.46), (0.12, 0.72), (0.5, 1.0), (0.88, 0.72), (0.5, 0.46)))),
    ),
    9: (
        (LOOP_OF_NINE, (STRAIGHT, ((0.82, 0.1), (0.75, 1.0)))),
        (LOOP_OF_NINE, (BENT, ((0.82, 0.1), (0.82, 0.65), (0.55, 1.0), (0.15, 0.9)))),
        (LOOP_OF_NINE, (BENT, ((0.8, 0.2), (0.7, 0.6), (0.4, 1.0)))),
    ),
}  # fmt: skip


def pen_digit(digit: int, random: np.random.Generator) -> NDArray[np.float32]:
    """
    Draw a handwritten digit.

    :param digit: 0 to 9
    :param random: chooses form and pen
    :returns: a patch like those of MNIST, float32, ``(28, 28)``, 0 to 1
    """
    forms = FORMS[digit]
    return to_patch(draw_strokes(forms[random.integers(len(forms))], random))


def draw_strokes(
    strokes: Sequence[Stroke], random: np.random.Generator, *, wobble: float = 0.035
) -> NDArray[np.float32]:
    """
    Draw strokes with random width, slant and proportions.

    :param strokes: see :data:`FORMS`
    :param random: chooses the pen
    :param wobble: standard deviation of each point, relative to the height of the digit
    :returns: float32, ``(96, 96)``, 0 to 1
    """
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    thickness = int(random.integers(3, 14))
    aspect, slant = random.uniform(0.45, 0.95), random.normal(0.05, 0.15)
    for is_curved, points in strokes:
        path = np.array(points) + random.normal(0.0, wobble, (len(points), 2))
        path = smooth_curve(path) if is_curved else path
        x = 0.5 + (path[:, 0] - 0.5) * aspect + slant * (0.5 - path[:, 1])
        pixels = np.stack([x, path[:, 1]], axis=1) * DIGIT_PX + (CANVAS_PX - DIGIT_PX) / 2
        fixed = np.round(pixels * 16).astype(np.int32)
        cv2.polylines(canvas, [fixed], False, 255, thickness, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255.0


def smooth_curve(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Interpolate a smooth curve through points (E. Catmull and R. Rom, 1974).

    :param points: ``(N, 2)``, at least two
    :returns: ``((N - 1) * 10 + 1, 2)``
    """
    padded = np.concatenate([points[:1], points, points[-1:]])
    t = np.arange(STEPS)[:, None] / STEPS
    pieces = []
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        pieces.append(
            start
            + 0.5 * t * (end - before)
            + t**2 * (before - 2.5 * start + 2.0 * end - 0.5 * after)
            + t**3 * (1.5 * start - 0.5 * before - 1.5 * end + 0.5 * after)
        )
    return np.concatenate([*pieces, points[-1:]])
