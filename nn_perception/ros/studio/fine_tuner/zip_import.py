"""Send the pictures, or sounds, of a zip file to a ``fine_tuner``."""

from __future__ import annotations

from collections.abc import Callable
import hashlib
import time

from nn_perception.training.datasets.archive import Archive, PackedPicture
from nn_perception.training.datasets.left_out import as_text
from nn_perception.training.datasets.media.medium import Part, Words

# Others may be sending pictures too.
TRIES, WAIT_S = 5, 0.5
BUSY = 'try again later'
# What stops an import; anything else is about one picture.
FULL = ('is full', 'No space left')

Add = Callable[[bytes, str, int, str], str]


def send_zip(archive: Archive, add: Add, present: set[tuple[str, str]]) -> str:
    """
    Store the pictures, or sounds, of a zip file, except those that are stored already.

    :param archive: the file
    :param add: stores an encoded picture, or clip, under a label, with its stamp and the name of
        its recording; ValueError says why not
    :param present: label and hash of each stored frame
    :returns: what was stored and left out, in words
    :raises ValueError: if it is no zip file of pictures
    :raises OSError: if it cannot be read
    :raises RuntimeError: if the node is gone; the pictures that are stored by then stay
    """
    stored, known, reason = 0, 0, ''
    words = archive.medium.words
    pictures = (picture for picture in archive.pictures() if picture is not None)
    for picture, part in ((one, part) for one in pictures for part in one.parts):
        key = picture.label, hashlib.sha256(part.content).hexdigest()
        if key in present:
            known += 1
            continue
        try:
            _add_patiently(add, part, picture)
        except ValueError as error:
            if any(word in str(error) for word in FULL):
                reason = str(error)
                break
            archive.left_out.add(picture.name, str(error))
            continue
        except RuntimeError as error:
            raise RuntimeError(f'{_counted(words, stored, known)} {error}') from error
        present.add(key)
        stored += 1
    left_out = [*archive.left_out.pictures(), *archive.left_out.others()]
    sentences = [_counted(words, stored, known), *([reason] if reason else []), *left_out]
    return as_text(sentences)


def _counted(words: Words, stored: int, known: int) -> str:
    there = f', and {known} were there already' if known else ''
    return f'Stored {words.count_files(stored)}{there}.'


def _add_patiently(add: Add, part: Part, picture: PackedPicture) -> None:
    """Wait while too many pictures of others are pending."""
    stamp_ns = picture.stamp_ns + part.offset_ns if picture.stamp_ns else 0
    for left in reversed(range(TRIES)):
        try:
            add(part.content, picture.label, stamp_ns, part.recording)
            return
        except ValueError as error:
            if BUSY not in str(error) or not left:
                raise
            time.sleep(WAIT_S)
