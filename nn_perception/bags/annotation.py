"""
Perception over a recorded bag: a copy of it with the results beside its images.

It goes in two passes. The first one looks at the images and keeps what it finds in a journal; this
is what takes long, and an interruption costs the image in work. The second one writes the copy,
into a folder that gets its name when all is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
import contextlib
from dataclasses import asdict, dataclass, field
import json
import os
from pathlib import Path
import shutil
from typing import Any, TYPE_CHECKING

import cv2
from nn_perception import __version__
from nn_perception.bags.bag import Bag, Message, METADATA
from nn_perception.bags.bag_copy import BagCopy
from nn_perception.bags.messages import header
from nn_perception.bags.provenance import CUSTOM_KEY, fingerprint, made_here
from nn_perception.core.files.journal import Journal
from nn_perception.core.files.storage import sync_folder

if TYPE_CHECKING:
    from nn_perception.bags.annotators import Annotator

UNFINISHED = '.unfinished'
JOURNAL = 'findings'
MOST_REASONS = 20

Show = Callable[[str, int, int], None]
"""Gets what is being done, how many steps of it are done, and of how many"""


@dataclass
class Summary:
    """
    What came of it.

    :param images: how many there are on the chosen topics
    :param refused: how many of them could not be used
    :param outputs: how many messages each new topic has
    :param reasons: why images could not be used, and how many
    """

    images: int = 0
    refused: int = 0
    outputs: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


class Annotation:
    """
    One bag, and what is to become of it.

    :param bag: open for reading
    :param output: folder of the new bag
    :param cameras: topics of the images to look at
    :param senses: what to look for, by name
    :param storage: ``mcap`` or ``sqlite3``
    :param engine: what runs the networks; it decides the last digits of the results
    """

    def __init__(
        self,
        bag: Bag,
        output: Path,
        cameras: Sequence[str],
        senses: Mapping[str, Annotator],
        storage: str,
        engine: str,
    ) -> None:
        self._bag = bag
        self._output = output
        self._cameras = tuple(cameras)
        self._names = camera_names(self._cameras)
        self._senses = dict(senses)
        self._storage = storage
        self._engine = engine
        self.unfinished = output.with_name(output.name + UNFINISHED)
        self._check_topics()

    def run(self, show: Show) -> Summary:
        """
        Do it, or go on where it was interrupted; what is done already is not done again.

        :raises FileExistsError: if there is another output
        :raises BlockingIOError: if another process is doing it
        :raises ValueError: if the bag is damaged, or the unfinished work is that of others
        :raises OSError: if nothing can be written; after that is mended, it goes on
        :raises RuntimeError: if a network cannot be run
        """
        identity = self._identity()
        done = self._done(identity)
        if done is None:
            self._make_room()
            with Journal(self.unfinished / JOURNAL, identity) as journal:
                # Another process may have finished it since.
                done = self._done(identity)
                if done is None:
                    self._look(journal, show)
                    done = self._write(journal, identity, show)
        # Whatever else lies there is somebody's.
        with contextlib.suppress(OSError):
            (self.unfinished / JOURNAL).unlink(missing_ok=True)
            self.unfinished.rmdir()
        return done

    def _make_room(self) -> None:
        """Make the folder for the unfinished work, unless there is one."""
        self.unfinished.mkdir(exist_ok=True)
        if not (self.unfinished / JOURNAL).exists() and any(self.unfinished.iterdir()):
            raise FileExistsError(f'{self.unfinished} is needed, and holds something else')

    def _check_topics(self) -> None:
        for camera in self._cameras:
            if not self._bag.count(camera):
                raise ValueError(f'{self._bag.path} holds no images on {camera}')
        taken = {connection.topic for connection in self._bag.connections}
        clash = sorted(taken & set(self._outputs()))
        if clash:
            raise ValueError(
                f'{self._bag.path} holds {", ".join(clash)} already: choose other outputs, or '
                'take those topics out first'
            )

    def _topics_of(self, camera: str) -> dict[str, str]:
        """Name the topics of a camera's results, and their types."""
        name = self._names[camera]
        topics = {}
        for sense in self._senses.values():
            for topic, kind in sense.outputs.items():
                node, _, output = topic.partition('/')
                topics[f'/{node}/{name}{output}'] = kind
        return topics

    def _outputs(self) -> dict[str, str]:
        """Name all new topics, and their types."""
        return {t: kind for camera in self._cameras for t, kind in self._topics_of(camera).items()}

    def _identity(self) -> dict[str, Any]:
        return {
            'made_by': f'nn_perception {__version__}',
            'bag': fingerprint(self._bag.path),
            'cameras': list(self._cameras),
            'storage': self._storage,
            'engine': self._engine,
            **{name: sense.identity for name, sense in self._senses.items()},
        }

    def _done(self, identity: dict[str, Any]) -> Summary | None:
        """Read what came of the same work if it is finished."""
        if not os.path.lexists(self._output):
            return None
        made = made_here(self._output)
        if made is None or made['identity'] != json.loads(json.dumps(identity)):
            raise FileExistsError(f'{self._output} exists already and holds something else')
        return Summary(**made['summary'])

    # The first pass.

    def _look(self, journal: Journal, show: Show) -> None:
        """Look at the images that were not looked at yet."""
        total, number = self._bag.count(*self._cameras), 0
        for message in self._bag.messages():
            if message[0].topic not in self._cameras:
                continue
            number += 1
            if number > len(journal):
                journal.append(self._entry(message))
            show('looking at the images', number, total)
        journal.sync()

    def _entry(self, message: Message) -> dict[str, Any]:
        """Look at one image."""
        image = self._bag.image(message)
        entry: dict[str, Any] = {'camera': image.topic, 'recorded_ns': image.recorded_ns}
        if image.image_bgr is None:
            return {**entry, 'problem': image.problem}
        try:
            found = {name: s.look(image.image_bgr) for name, s in self._senses.items()}
        except (ValueError, cv2.error) as error:
            return {**entry, 'problem': str(error)}
        return {**entry, 'stamp': image.stamp, 'frame_id': image.frame_id, 'found': found}

    # The second pass.

    def _write(self, journal: Journal, identity: dict[str, Any], show: Show) -> Summary:
        """Write the copy with the results, and give it its name."""
        summary = self._count(journal)
        part = self.unfinished / self._output.name
        shutil.rmtree(part, ignore_errors=True)
        made = json.dumps({'identity': identity, 'summary': asdict(summary)})
        copy = BagCopy(self._bag, part, self._storage, {CUSTOM_KEY: made})
        with copy.open(self._outputs()):
            entries, done, total = journal.entries(), 0, self._bag.message_count
            for message in self._bag.messages():
                copy.copy(message)
                if message[0].topic in self._cameras:
                    self._add(copy, message, next(entries, {}))
                done += 1
                show('writing', done, total)
            if done != total:
                raise ValueError(
                    f'{self._bag.path} gives {done} messages and says that it holds {total}: '
                    f'it is damaged, or its {METADATA} is not its own'
                )
        os.rename(part, self._output)
        sync_folder(self._output.parent)
        return summary

    def _count(self, journal: Journal) -> Summary:
        """Count what there will be, before it is written."""
        summary = Summary(outputs=dict.fromkeys(self._outputs(), 0))
        reasons: Counter[str] = Counter()
        for entry in journal.entries():
            summary.images += 1
            if 'found' not in entry:
                summary.refused += 1
                # No more than a few, however many ways of being damaged there are.
                if len(reasons) < MOST_REASONS or entry['problem'] in reasons:
                    reasons[entry['problem']] += 1
                continue
            for topic in self._topics_of(entry['camera']):
                summary.outputs[topic] += 1
        summary.reasons = dict(reasons.most_common())
        return summary

    def _add(self, copy: BagCopy, message: Message, entry: dict[str, Any]) -> None:
        """Add the results of one image."""
        camera, recorded_ns = message[0].topic, message[1]
        if (entry.get('camera'), entry.get('recorded_ns')) != (camera, recorded_ns):
            raise ValueError(f'{self._bag.path} was changed since its images were looked at')
        if 'found' not in entry:
            return
        seconds, nanoseconds = entry['stamp']
        # As the nodes have it: images without a stamp are those of the time they come.
        stamp_s = seconds + nanoseconds * 1e-9 or recorded_ns * 1e-9
        stamp = header((seconds, nanoseconds), entry['frame_id'])
        results = [
            result
            for name, sense in self._senses.items()
            for result in sense.messages(entry['found'][name], stamp, camera, stamp_s)
        ]
        for topic, result in zip(self._topics_of(camera), results, strict=True):
            copy.add(topic, result, recorded_ns)


def camera_names(topics: Sequence[str]) -> dict[str, str]:
    """
    Name cameras as a node with several of them does: ``front/`` for ``/front/image_raw``.

    :param topics: of their images
    :returns: what stands in front of their outputs' names: the namespace, or the whole topic where
        that does not tell them apart; nothing for a single one
    """
    if len(topics) == 1:
        return {topics[0]: ''}
    names = [topic.removesuffix('/compressed').rpartition('/')[0] for topic in topics]
    if len(set(names)) < len(names) or not all(names):
        names = list(topics)
    return {topic: name.strip('/') + '/' for topic, name in zip(topics, names, strict=True)}
