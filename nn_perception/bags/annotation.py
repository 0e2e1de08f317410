"""
Annotate a bag: copy it, and add the results for its images.

First the bag is read once, so that what cannot be copied is known before the networks work. Then
this takes two passes. The first one runs the networks and keeps what they find in a journal. It
takes long, and an interruption costs only the image being processed. The second one writes the
copy to a temporary folder, which gets its final name when it is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
import contextlib
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import shutil
from typing import Any, TYPE_CHECKING

import cv2
from nn_perception import __version__
from nn_perception.bags.bag import Bag
from nn_perception.bags.bag_check import check_count, check_messages, check_topics
from nn_perception.bags.bag_copy import BagCopy
from nn_perception.bags.metadata import fingerprint, RECORD_KEY, record_of
from nn_perception.bags.recorded_images import RecordedFrame
from nn_perception.bags.storage.connection import Connection, Message
from nn_perception.bags.storage.ros1_reader import is_ros1_bag
from nn_perception.bags.summary import summarize, Summary
from nn_perception.bags.topics import result_qos, ResultTopics
from nn_perception.core.files.records import Journal
from nn_perception.core.quoting import listed
import numpy as np

if TYPE_CHECKING:
    from nn_perception.bags.annotators import Annotator

UNFINISHED = '.unfinished'
JOURNAL = 'findings'
# The second pass needs the facts about an image, not its pixels.
NO_IMAGE = np.empty((0, 0, 3), np.uint8)

Progress = tuple[str, int, int]
"""Name of the pass, number of steps that are done, number of all steps."""


@dataclass(frozen=True)
class AnnotationRequest:
    """
    What a bag is to get.

    :param bag: path of the bag
    :param output: folder of the new bag
    :param open_annotators: opens what makes the results, by name
    :param topics: of the images; may be empty if the bag has only one
    :param storage: ``mcap`` or ``sqlite3``; empty: that of the bag
    :param engine: that runs the networks; it decides the last digits of the results
    """

    bag: Path
    output: Path
    open_annotators: Callable[[], Mapping[str, Annotator]]
    topics: Sequence[str] = ()
    storage: str = ''
    engine: str = 'auto auto'


class Annotation:
    """
    One bag that is being annotated; leaving the context closes it.

    :ivar unfinished: folder of unfinished work
    :ivar summary: of :meth:`run`, when it has finished

    :param request: what the bag is to get
    :raises ImportError: if the package rosbags is not installed
    :raises OSError: if the bag cannot be read, or the output exists
    :raises ValueError: if the bag or a topic cannot be used, with the reason
    """

    received = 'images'

    def __init__(self, request: AnnotationRequest) -> None:
        self._output = request.output.absolute()
        self.unfinished = self._output.with_name(self._output.name + UNFINISHED)
        self.summary = Summary()
        self._check_paths(request.bag)
        if is_ros1_bag(request.bag):
            raise ValueError(
                f'{request.bag} is a ROS 1 bag: convert it first, with '
                f'rosbags-convert --src {request.bag} --dst FOLDER'
            )
        self._bag = Bag(request.bag)
        try:
            self._cameras = self._choose_cameras(request.topics)
            self._storage = request.storage or self._bag.storage
            self._engine = request.engine
            self._open_annotators = request.open_annotators
            check_topics(self._bag, self._storage)
        except BaseException:
            self._bag.close()
            raise

    def __enter__(self) -> Annotation:
        return self

    def __exit__(self, *_: object) -> None:
        self._bag.close()

    def _check_paths(self, bag: Path) -> None:
        """Reject what would overwrite something, before anything takes time."""
        inside, outside = bag.resolve(), self._output.resolve()
        if outside == inside or inside in outside.parents:
            raise ValueError(f'OUT must not be IN or inside it: {self._output}')
        if not self._output.parent.is_dir():
            raise FileNotFoundError(f'folder {self._output.parent} does not exist')
        if os.path.lexists(self._output) and record_of(self._output) is None:
            raise FileExistsError(f'{self._output} already exists')

    def _choose_cameras(self, topics: Sequence[str]) -> list[str]:
        bag = self._bag
        cameras = [bag.choose_topic(topic) for topic in dict.fromkeys(topics or [''])]
        for camera in cameras:
            if not bag.count(camera):
                raise ValueError(f'{bag.path} contains no images on {camera}')
        return cameras

    def _choose_topics(self) -> ResultTopics:
        """Name the topics of the results; none of them may be in the bag already."""
        outputs: dict[str, str] = {}
        for annotator in self._annotators.values():
            outputs.update(annotator.outputs)
        topics = ResultTopics(self._cameras, outputs)
        present = {connection.topic for connection in self._bag.connections}
        clash = sorted(present & topics.all.keys())
        if clash:
            raise ValueError(
                f'{self._bag.path} contains {listed(clash)} already: choose other outputs, or '
                'remove these topics first'
            )
        return topics

    def run(self) -> Generator[Progress, None, None]:
        """
        Annotate the bag, or resume after an interruption; finished work is not repeated.

        :returns: the progress, after every step
        :raises ImportError: if a package for the networks is not installed
        :raises FileExistsError: if the output or its unfinished folder is something else
        :raises BlockingIOError: if another process is annotating this bag
        :raises ValueError: if the bag is damaged, or the unfinished work is that of others
        :raises OSError: if nothing can be written; when that is repaired, the work resumes
        :raises RuntimeError: if a network cannot be loaded or run
        """
        yield from self._check()
        self._annotators = self._open_annotators()
        self._topics = self._choose_topics()
        identity = self._identity()
        if not self._is_finished(identity):
            self._make_folder()
            with Journal(self.unfinished / JOURNAL, identity) as journal:
                try:
                    # Another process may have finished it by now.
                    if not self._is_finished(identity):
                        yield from self._analyse(journal)
                        self.summary = self._summarize(journal)
                        yield from self._write(journal, identity)
                except BaseException:
                    if not len(journal):
                        self._remove_unfinished()
                    raise
        self._remove_unfinished()

    def _check(self) -> Iterator[Progress]:
        """Read the bag, since what cannot be copied must be known before the networks work."""
        # What has results already was checked before it got any.
        if (self.unfinished / JOURNAL).exists() or os.path.lexists(self._output):
            return
        for done, total in check_messages(self._bag, self._output.parent):
            yield 'checking', done, total

    def _remove_unfinished(self) -> None:
        # The folder may contain files of somebody else, which stay.
        with contextlib.suppress(OSError):
            (self.unfinished / JOURNAL).unlink(missing_ok=True)
            self.unfinished.rmdir()

    def _make_folder(self) -> None:
        """Create the folder of unfinished work, unless it exists."""
        self.unfinished.mkdir(exist_ok=True)
        if not (self.unfinished / JOURNAL).exists() and any(self.unfinished.iterdir()):
            raise FileExistsError(f'{self.unfinished} is needed, but contains something else')

    def _identity(self) -> dict[str, Any]:
        return {
            'made_by': f'nn_perception {__version__}',
            'bag': fingerprint(self._bag.path),
            'cameras': self._cameras,
            'storage': self._storage,
            'engine': self._engine,
            **{name: annotator.identity for name, annotator in self._annotators.items()},
        }

    def _is_finished(self, identity: dict[str, Any]) -> bool:
        """Tell whether the same work is finished, and read its summary."""
        if not os.path.lexists(self._output):
            return False
        record = record_of(self._output)
        if record is None or record['identity'] != json.loads(json.dumps(identity)):
            raise FileExistsError(f'{self._output} already exists and contains something else')
        self.summary = Summary(**record['summary'])
        return True

    # The first pass.

    def _analyse(self, journal: Journal) -> Iterator[Progress]:
        """Process the images that are not in the journal yet."""
        total = sum(one.msgcount for one in self._bag.connections if self._is_source(one))
        chosen = filter(lambda one: self._is_source(one[0]), self._bag.messages(self._cameras))
        for number, message in enumerate(chosen, 1):
            if number > len(journal):
                journal.append(self._entry(message))
            else:
                self._skip(message)
            yield f'processing {self.received}', number, total
        journal.sync()

    def _is_source(self, connection: Connection) -> bool:
        """Tell whether the messages of a connection are processed."""
        return connection.topic in self._cameras and self._bag.is_image(connection)

    def _skip(self, message: Message) -> None:
        """Pass by what was processed before an interruption."""

    def _summarize(self, journal: Journal) -> Summary:
        return summarize(journal.entries(), self._topics)

    def _entry(self, message: Message) -> dict[str, Any]:
        """Process one image."""
        entry: dict[str, Any] = {'camera': message[0].topic, 'recorded_ns': message[1]}
        try:
            frame = self._bag.frame(message)
            found = {name: each.analyse(frame) for name, each in self._annotators.items()}
        except (ValueError, cv2.error) as error:
            return {**entry, 'problem': str(error)}
        return {**entry, 'stamp': frame.stamp, 'frame_id': frame.frame_id, 'found': found}

    # The second pass.

    def _write(self, journal: Journal, identity: dict[str, Any]) -> Iterator[Progress]:
        """Write the copy with the results, and give it its final name."""
        part = self.unfinished / self._output.name
        shutil.rmtree(part, ignore_errors=True)
        record = json.dumps({'identity': identity, 'summary': asdict(self.summary)})
        copy = BagCopy(self._bag, part, self._storage, {RECORD_KEY: record})
        try:
            with copy.open(self._topics.all, result_qos()):
                entries, done, total = journal.entries(), 0, self._bag.message_count
                for message in self._bag.messages():
                    copy.copy(message)
                    if self._is_source(message[0]):
                        self._add(copy, message, next(entries, {}))
                    done += 1
                    yield 'writing', done, total
                check_count(self._bag, done)
        except BaseException:
            # On a full disk, the space is needed.
            shutil.rmtree(part, ignore_errors=True)
            raise
        copy.publish(self._output)

    def _add(self, copy: BagCopy, message: Message, entry: dict[str, Any]) -> None:
        """Add the results of one image."""
        self._check_entry(message, entry)
        camera, recorded_ns = message[0].topic, message[1]
        if 'found' not in entry:
            return
        seconds, nanoseconds = entry['stamp']
        frame = RecordedFrame(
            NO_IMAGE,
            source=camera,
            # As in the nodes, an image without a stamp is one of the time at which it arrives.
            stamp_s=seconds + nanoseconds * 1e-9 or recorded_ns * 1e-9,
            frame_id=entry['frame_id'],
            stamp=(seconds, nanoseconds),
            recorded_ns=recorded_ns,
        )
        results = [
            result
            for name, annotator in self._annotators.items()
            for result in annotator.messages(entry['found'][name], frame)
        ]
        for topic, result in zip(self._topics.of[camera], results, strict=True):
            copy.add(topic, result, recorded_ns)

    def _check_entry(self, message: Message, entry: dict[str, Any]) -> None:
        """Check that an entry of the journal is about a message."""
        if (entry.get('camera'), entry.get('recorded_ns')) != (message[0].topic, message[1]):
            raise ValueError(f'{self._bag.path} has changed since it was processed')
