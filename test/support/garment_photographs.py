"""
Photographs of single garments on plain grounds, composed from pictures of Fashion-MNIST.

The garment is enlarged with Lanczos's filter and turned a little, and lies somewhere on a ground
of another brightness and colour, with a shadow, light from one side, noise, and JPEG's losses. The
data set shows the negative of a garment, so its brightness is 255 minus the value.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

WIDTH, HEIGHT = 640, 480
# Values of 0 to 255 by which the middle of a garment differs from the ground at least, else one
# could not see it.
MIN_CONTRAST = 40.0
GROUNDS = {'light': (190.0, 250.0), 'dark': (5.0, 60.0), 'medium': (60.0, 190.0)}


@dataclass(frozen=True)
class Photograph:
    """
    A photograph.

    :param image_bgr: uint8, ``(480, 640, 3)``
    :param ground: kind of its ground, a key of ``GROUNDS``
    """

    image_bgr: np.ndarray
    ground: str


def photograph(values: np.ndarray, ground: str, random: np.random.Generator) -> Photograph:
    """
    Compose a photograph.

    :param values: a picture of the data set, uint8, ``(28, 28)``
    """
    garment, alpha = _enlarged(values, random)
    tint = random.uniform(0.75, 1.0, 3)
    garment = garment[..., None] * tint
    few = garment[::8, ::8][alpha[::8, ::8] > 0.5]
    for _ in range(100):
        colour = random.uniform(*GROUNDS[ground]) * random.uniform(0.8, 1.0, 3)
        if np.median(np.abs(few - colour).max(axis=1)) >= MIN_CONTRAST:
            break
    canvas = np.broadcast_to(colour, (HEIGHT, WIDTH, 3)).copy()
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    top = int(random.integers(4, HEIGHT - alpha.shape[0] - 4))
    left = int(random.integers(4, WIDTH - alpha.shape[1] - 4))
    cover = np.zeros((HEIGHT, WIDTH))
    place = (slice(top, top + alpha.shape[0]), slice(left, left + alpha.shape[1]))
    cover[place] = alpha
    canvas *= _shadow(cover, random)[..., None]
    canvas[place] = canvas[place] * (1.0 - alpha[..., None]) + garment * alpha[..., None]
    angle, strength = random.uniform(0.0, 2.0 * np.pi), random.uniform(0.0, 0.2)
    slope = (x / WIDTH - 0.5) * np.cos(angle) + (y / HEIGHT - 0.5) * np.sin(angle)
    canvas *= (random.uniform(0.8, 1.0) * (1.0 + strength * slope))[..., None]
    canvas += random.normal(0.0, random.uniform(1.0, 5.0), canvas.shape)
    image = np.clip(canvas, 0.0, 255.0).astype(np.uint8)
    quality = int(random.integers(60, 96))
    jpeg = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return Photograph(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), ground)


def _enlarged(values: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the brightness of a garment and how much it covers, float, of equal shape."""
    outline = (values > 4).astype(np.uint8)
    contours, _ = cv2.findContours(outline, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cover = cv2.drawContours(np.zeros_like(outline), contours, -1, 1, cv2.FILLED)
    side = int(random.integers(180, 420))
    brightness, alpha = (
        cv2.resize(plane.astype(np.float32), (side, side), interpolation=cv2.INTER_LANCZOS4)
        for plane in (255.0 - values, cover * 1.0)
    )
    alpha = np.clip((cv2.GaussianBlur(alpha, (0, 0), side / 60) - 0.25) * 2.0, 0.0, 1.0)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), random.uniform(-8.0, 8.0), 1.0)
    brightness = cv2.warpAffine(brightness, turn, (side, side), borderValue=255.0)
    alpha = cv2.warpAffine(alpha, turn, (side, side))
    return np.clip(brightness, 8.0, 255.0), alpha


def _shadow(cover: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return by how much the light of each pixel of the ground is left."""
    moved = np.roll(cover, tuple(random.integers(-6, 7, 2)), (0, 1))
    soft = cv2.GaussianBlur(moved, (0, 0), random.uniform(3.0, 12.0))
    return 1.0 - random.uniform(0.0, 0.3) * soft
