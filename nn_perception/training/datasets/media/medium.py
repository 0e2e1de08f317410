"""What differs between datasets of pictures and of sounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Part:
    """
    A part of a file, as a dataset stores it.

    :param content: of the file that is stored
    :param offset_ns: where it begins in the file it is from, in nanoseconds
    :param recording: names what the parts of one sound have in common; empty: nothing
    """

    content: bytes
    offset_ns: int = 0
    recording: str = ''


@dataclass(frozen=True)
class Words:
    """
    What people call it, in sentences.

    :param file: what is in a file: a picture or a sound
    :param item: what is trained on: a frame or a clip
    :param alike: what items do that can hardly be told apart: they look, or sound, almost the same
    :param again: what helps a label whose items all come from one recording
    :param capture: what people do to get one
    """

    file: str
    item: str
    alike: str
    again: str
    capture: str

    @property
    def files(self) -> str:
        """Several files."""
        return f'{self.file}s'

    @property
    def items(self) -> str:
        """Several items."""
        return f'{self.item}s'

    def count(self, count: int) -> str:
        """Return a number of items in words."""
        return f'1 {self.item}' if count == 1 else f'{count} {self.items}'

    def count_files(self, count: int) -> str:
        """Return a number of files in words."""
        return f'1 {self.file}' if count == 1 else f'{count} {self.files}'


@dataclass(frozen=True)
class Similarity:
    """
    From which cosine of their embeddings on two items of a label belong together.

    :param near_duplicate: whenever they were captured
    :param same_scene: if one was captured right after the other
    """

    near_duplicate: float
    same_scene: float


@dataclass(frozen=True)
class Medium:
    """
    A kind of dataset; all items of a dataset are of one kind.

    :param name: ``image`` or ``sound``
    :param base: name of the network that is usually fine-tuned on it
    :param words: what people call it
    :param suffixes: of the files that a folder is searched for
    :param stored_suffix: of the files that a dataset stores
    :param reasons: suffix of other files of this kind -> why they cannot be read
    :param single: suffix of files of which only a part is read -> why
    :param read: reads one item of a file: uint8 BGR, or samples; raises OSError or ValueError
    :param parts: reads a whole file as the parts that a dataset stores; raises the same
    :param unpacked_parts: the same for the content of a file and the name of its recording, which
        may be empty; errors begin with "it"
    :param quality: measures an item
    :param fault: says what is wrong with an item of this quality and label; empty if nothing is
    :param similarity: when two items belong together
    :param recording_of: which recording a file of this name belongs to; empty if it is unknown
    """

    name: str
    base: str
    words: Words
    suffixes: frozenset[str]
    stored_suffix: str
    reasons: Mapping[str, str]
    single: Mapping[str, str]
    read: Callable[[Path], NDArray[Any]]
    parts: Callable[[Path], Iterator[Part]]
    unpacked_parts: Callable[[bytes, str], Iterator[Part]]
    quality: Callable[[NDArray[Any]], float]
    fault: Callable[[float, str], str]
    similarity: Similarity
    recording_of: Callable[[str], str]

    @property
    def unnamed(self) -> str:
        """Why a file with another suffix is left out."""
        return f'the names of {self.words.files} end in {", ".join(sorted(self.suffixes))}'


def suffix_reasons(reasons: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Turn the suffixes of each reason into the reason of each suffix."""
    return {suffix: reason for reason, known in reasons.items() for suffix in known}
