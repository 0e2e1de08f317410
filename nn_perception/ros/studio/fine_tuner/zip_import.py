"""Send the pictures of a zip file to a ``fine_tuner``."""

from __future__ import annotations

from collections.abc import Callable
import hashlib
from pathlib import Path
import time

from nn_perception.training.datasets.archive import Archive, PackedPicture
from nn_perception.training.datasets.left_out import as_text

# Others may be sending pictures too.
TRIES, WAIT_S = 5, 0.5
BUSY = 'try again later'
# What stops an import; anything else is about one picture.
FULL = ('is full', 'No space left')

Add = Callable[[bytes, str, int], str]


def send_zip(path: Path, label: str, add: Add, present: set[tuple[str, str]]) -> str:
    """
    Store the pictures of a zip file, except those that are stored already.

    :param path: see :class:`nn_perception.training.datasets.archive.Archive`
    :param label: of all pictures; empty: their folders name their labels
    :param add: stores an encoded picture under a label, with its stamp; ValueError says why not
    :param present: label and hash of each stored frame
    :returns: what was stored and left out, in words
    :raises ValueError: if it is no zip file of pictures
    :raises OSError: if it cannot be read
    :raises RuntimeError: if the node is gone; the pictures that are stored by then stay
    """
    archive, stored, known = Archive(path, label), 0, 0
    reason = ''
    pictures = (picture for picture in archive.pictures() if picture is not None)
    for picture, part in ((one, part) for one in pictures for part in one.parts):
        png = part.content
        key = picture.label, hashlib.sha256(png).hexdigest()
        if key in present:
            known += 1
            continue
        try:
            _add_patiently(add, png, picture)
        except ValueError as error:
            if any(word in str(error) for word in FULL):
                reason = str(error)
                break
            archive.left_out.add(picture.name, str(error))
            continue
        except RuntimeError as error:
            raise RuntimeError(f'{_counted(stored, known)} {error}') from error
        present.add(key)
        stored += 1
    left_out = [*archive.left_out.pictures(), *archive.left_out.others()]
    sentences = [_counted(stored, known), *([reason] if reason else []), *left_out]
    return as_text(sentences)


def _counted(stored: int, known: int) -> str:
    there = f', and {known} were there already' if known else ''
    return f'Stored {stored} picture{"" if stored == 1 else "s"}{there}.'


def _add_patiently(add: Add, png: bytes, picture: PackedPicture) -> None:
    """Wait while too many pictures of others are pending."""
    for left in reversed(range(TRIES)):
        try:
            add(png, picture.label, picture.stamp_ns)
            return
        except ValueError as error:
            if BUSY not in str(error) or not left:
                raise
            time.sleep(WAIT_S)
