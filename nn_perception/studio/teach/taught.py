"""What a view teaches: its words, and where its routes are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nn_perception.capabilities.sounds.defaults import BACKGROUND
from nn_perception.training.export.sample_programs import (
    USE_CHECKPOINT,
    USE_CHECKPOINT_SOUNDS,
    USE_DATASET,
    USE_ONNX,
    USE_ONNX_SOUNDS,
    USE_SOUND_DATASET,
)
from nn_perception.training.fine_tuning.settings import HEAD


@dataclass(frozen=True)
class FirstClass:
    """
    A class that is there before anything is taught.

    :param label: its name, which stays
    :param why: what it is good for
    :param lengths_s: how long a recording of it is
    """

    label: str
    why: str
    lengths_s: tuple[int, ...]


@dataclass(frozen=True)
class Export:
    """
    A download of the active version.

    :param name: for people
    :param words: what it is
    :param file: the program that uses it
    """

    name: str
    words: str
    file: str


@dataclass(frozen=True)
class Taught:
    """
    What a view teaches.

    :param route: beginning of the addresses of the view
    :param item: what one example is called
    :param items: what several are called
    :param files: what files with examples are called
    :param accept: files that a browser offers to upload
    :param source: what examples are recorded with
    :param hint: how to begin
    :param empty: what a class without examples says
    :param depths: how much of a network learns, and what to say about it
    :param exports: kind of a download -> what it is
    :param lengths_s: how long a recording can be, besides as long as a button is held
    :param first: a class that is there from the beginning
    """

    route: str
    item: str
    items: str
    files: str
    accept: str
    source: str
    hint: str
    empty: str
    depths: Mapping[str, str]
    exports: Mapping[str, Export]
    lengths_s: tuple[int, ...] = ()
    first: FirstClass | None = field(default=None)

    def count(self, number: int) -> str:
        """Write a number of examples."""
        return f'{number} {self.item if number == 1 else self.items}'

    def for_browser(self, label: str = '') -> dict[str, Any]:
        """
        Describe it to the components of the page.

        :param label: of the class that a component shows
        """
        first = self.first if self.first is not None and self.first.label == label else None
        return {
            'route': self.route,
            'item': self.item,
            'items': self.items,
            'files': self.files,
            'accept': self.accept,
            'empty': first.why if first else self.empty,
            'lengths': list(first.lengths_s if first else self.lengths_s),
            'fixed': first is not None,
        }


PICTURES = Taught(
    route='/teach',
    item='frame',
    items='frames',
    files='pictures',
    accept='image/*,.zip,.tm',
    source='camera',
    hint=(
        'Add two classes or more. Show each to the camera and hold its button, from several '
        'sides; or upload pictures.'
    ),
    empty='No frames yet. Hold the button, or drop pictures here.',
    depths={
        HEAD: 'Head: the last layer, in seconds',
        'last_block': 'Last block: more accurate, minutes',
        'all': 'All: the whole network, longest',
    },
    exports={
        'onnx': Export(
            'ONNX', 'Takes pictures of any size; preprocessing and labels inside.', USE_ONNX
        ),
        'checkpoint': Export(
            'Checkpoint', 'For this package, also as store of a tagger.', USE_CHECKPOINT
        ),
        'zip': Export(
            'Everything', 'ONNX, checkpoint, labels and programs in a zip file.', USE_ONNX
        ),
        'dataset': Export(
            'Data set', 'All pictures with their labels in a zip file.', USE_DATASET
        ),
    },
)
SOUNDS = Taught(
    route='/sound',
    item='clip',
    items='clips',
    files='sounds',
    accept='audio/*,.wav,.flac,.ogg,.mp3,.zip',
    source='microphone',
    hint=(
        'Record 20 s of the background first. Then add a class for each sound, and record it '
        'several times: from near and far, louder and softer, by several people.'
    ),
    empty='No clips yet. Hold the button, or drop sound files here.',
    depths={HEAD: 'Head: the last layer, in seconds'},
    exports={
        'onnx': Export(
            'ONNX', 'Takes one second of sound at 16 kHz; labels inside.', USE_ONNX_SOUNDS
        ),
        'checkpoint': Export(
            'Checkpoint',
            'For this package, also as store of a sound_tagger.',
            USE_CHECKPOINT_SOUNDS,
        ),
        'zip': Export(
            'Everything', 'ONNX, checkpoint, labels and programs in a zip file.', USE_ONNX_SOUNDS
        ),
        'dataset': Export(
            'Data set', 'All clips with their labels in a zip file.', USE_SOUND_DATASET
        ),
    },
    lengths_s=(1, 2, 10),
    first=FirstClass(
        BACKGROUND,
        'Record 20 s of the room as it sounds without the other classes: what sounds like it is '
        'none of them, and its noise is mixed into their clips while training.',
        (20,),
    ),
)
