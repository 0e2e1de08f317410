"""Read the files of images, as far as they can be images."""

from __future__ import annotations

import os
from pathlib import Path

from nn_perception.core.imaging.formats.container import MAX_PIXELS
from nn_perception.core.imaging.formats.sniffing import reader_of, SNIFFED_BYTES

# Four channels of floats, and some room for metadata.
MAX_PIXEL_BYTES = 16
METADATA_BYTES = 16 << 20


def read_stored_image(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> bytes:
    """
    Read the file of an image, without decoding it.

    :param path: a file, or a pipe
    :param max_pixels: no more bytes are read than such an image can need
    :raises OSError: if the file cannot be read
    :raises ValueError: if its first bytes are those of no supported image, or it is too long; the
        message has no subject
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f'{path} is a folder; name the files in it, as in {path}/*.jpg')
    limit = max_pixels * MAX_PIXEL_BYTES + METADATA_BYTES
    try:
        with path.open('rb') as file:
            start = file.read(SNIFFED_BYTES)
            # A device may go on forever.
            reader_of(start)
            is_long = os.fstat(file.fileno()).st_size > limit
            stored = start if is_long else start + file.read(limit - len(start) + 1)
    except OSError as error:
        raise type(error)(f'{path} cannot be read: {error.strerror}') from error
    if is_long or len(stored) > limit:
        raise ValueError(f'is too large: more than {limit >> 20} megabytes')
    return stored
