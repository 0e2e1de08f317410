"""
Annotate a bag: copy it, and add the results for its images.

This takes two passes. The first one runs the networks and keeps what they find in a journal. It
takes long, and an interruption costs only the image being processed. The second one writes the
copy to a temporary folder, which gets its final name when it is complete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
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
from nn_perception.bags.topics import ResultTopics
from nn_perception.core.files.journal import Journal
from nn_perception.core.files.storage import sync_folder

if TYPE_CHECKING:
    from nn_perception.bags.annotators import Annotator

UNFINISHED = '.unfinished'
JOURNAL = 'findings'
MAX_REASONS = 20

OnProgress = Callable[[str, int, int], None]
"""Gets the name of the pass, the number of steps that are done, and that of all steps."""


@dataclass
class Summary:
    """
    What a bag got.

    :param images: number of images on the chosen topics
    :param refused: number of images without results
    :param outputs: number of messages on each new topic
    :param reasons: why images have no results, and how many
    """

    images: int = 0
    refused: int = 0
    outputs: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class AnnotationRequest:
    """
    What a bag is to get.

    :param output: folder of the new bag
    :param cameras: topics of the images
    :param annotators: that make the results, by name
    :param storage: ``mcap`` or ``sqlite3``
    :param engine: that runs the networks; it decides the last digits of the results
    """

    output: Path
    cameras: tuple[str, ...]
    annotators: Mapping[str, Annotator]
    storage: str
    engine: str


class Annotation:
    """
    One bag that is being annotated.

    :ivar unfinished: folder of unfinished work

    :param bag: open for reading
    :param request: what it is to get
    :raises ValueError: if there are no images on a topic, or a new topic is in the bag already
    """

    def __init__(self, bag: Bag, request: AnnotationRequest) -> None:
        self._bag = bag
        self._request = request
        self.unfinished = request.output.with_name(request.output.name + UNFINISHED)
        outputs: dict[str, str] = {}
        for annotator in request.annotators.values():
            outputs.update(annotator.outputs)
        self._topics = ResultTopics(request.cameras, outputs)
        for camera in request.cameras:
            if not bag.count(camera):
                raise ValueError(f'{bag.path} contains no images on {camera}')
        present = {connection.topic for connection in bag.connections}
        clash = sorted(present & set(self._topics.all()))
        if clash:
            raise ValueError(
                f'{bag.path} contains {", ".join(clash)} already: choose other outputs, or remove '
                'these topics first'
            )

    def run(self, on_progress: OnProgress) -> Summary:
        """
        Annotate the bag, or resume after an interruption; finished work is not repeated.

        :raises FileExistsError: if the output or its unfinished folder is something else
        :raises BlockingIOError: if another process is annotating this bag
        :raises ValueError: if the bag is damaged, or the unfinished work is that of others
        :raises OSError: if nothing can be written; when that is repaired, the work resumes
        :raises RuntimeError: if a network cannot be run
        """
        identity = self._identity()
        summary = self._finished(identity)
        if summary is None:
            self._make_folder()
            with Journal(self.unfinished / JOURNAL, identity) as journal:
                # Another process may have finished it by now.
                summary = self._finished(identity)
                if summary is None:
                    self._analyse(journal, on_progress)
                    summary = self._write(journal, identity, on_progress)
        # The folder may contain files of somebody else, which stay.
        with contextlib.suppress(OSError):
            (self.unfinished / JOURNAL).unlink(missing_ok=True)
            self.unfinished.rmdir()
        return summary

    def _make_folder(self) -> None:
        """Create the folder of unfinished work, unless it exists."""
        self.unfinished.mkdir(exist_ok=True)
        if not (self.unfinished / JOURNAL).exists() and any(self.unfinished.iterdir()):
            raise FileExistsError(f'{self.unfinished} is needed, but contains something else')

    def _identity(self) -> dict[str, Any]:
        request = self._request
        return {
            'made_by': f'nn_perception {__version__}',
            'bag': fingerprint(self._bag.path),
            'cameras': list(request.cameras),
            'storage': request.storage,
            'engine': request.engine,
            **{name: annotator.identity for name, annotator in request.annotators.items()},
        }

    def _finished(self, identity: dict[str, Any]) -> Summary | None:
        """Read the summary of the same work if it is finished."""
        output = self._request.output
        if not os.path.lexists(output):
            return None
        made = made_here(output)
        if made is None or made['identity'] != json.loads(json.dumps(identity)):
            raise FileExistsError(f'{output} already exists and contains something else')
        return Summary(**made['summary'])

    # The first pass.

    def _analyse(self, journal: Journal, on_progress: OnProgress) -> None:
        """Process the images that are not in the journal yet."""
        cameras = self._request.cameras
        total, number = self._bag.count(*cameras), 0
        for message in self._bag.messages():
            if message[0].topic not in cameras:
                continue
            number += 1
            if number > len(journal):
                journal.append(self._entry(message))
            on_progress('processing images', number, total)
        journal.sync()

    def _entry(self, message: Message) -> dict[str, Any]:
        """Process one image."""
        image = self._bag.image(message)
        entry: dict[str, Any] = {'camera': image.topic, 'recorded_ns': image.recorded_ns}
        if image.image_bgr is None:
            return {**entry, 'problem': image.problem}
        try:
            found = {
                name: annotator.analyse(image.image_bgr)
                for name, annotator in self._request.annotators.items()
            }
        except (ValueError, cv2.error) as error:
            return {**entry, 'problem': str(error)}
        return {**entry, 'stamp': image.stamp, 'frame_id': image.frame_id, 'found': found}

    # The second pass.

    def _write(
        self, journal: Journal, identity: dict[str, Any], on_progress: OnProgress
    ) -> Summary:
        """Write the copy with the results, and give it its final name."""
        summary = self._count(journal)
        output = self._request.output
        part = self.unfinished / output.name
        shutil.rmtree(part, ignore_errors=True)
        made = json.dumps({'identity': identity, 'summary': asdict(summary)})
        copy = BagCopy(self._bag, part, self._request.storage, {CUSTOM_KEY: made})
        with copy.open(self._topics.all()):
            entries, done, total = journal.entries(), 0, self._bag.message_count
            for message in self._bag.messages():
                copy.copy(message)
                if message[0].topic in self._request.cameras:
                    self._add(copy, message, next(entries, {}))
                done += 1
                on_progress('writing', done, total)
            if done != total:
                raise ValueError(
                    f'{self._bag.path} contains {done} messages, but states {total}: it is '
                    f'damaged, or its {METADATA} belongs to another bag'
                )
        os.rename(part, output)
        sync_folder(output.parent)
        return summary

    def _count(self, journal: Journal) -> Summary:
        """Count what the new bag gets, before it is written."""
        summary = Summary(outputs=dict.fromkeys(self._topics.all(), 0))
        reasons: Counter[str] = Counter()
        for entry in journal.entries():
            summary.images += 1
            if 'found' not in entry:
                summary.refused += 1
                # Only so many, however many kinds of damage there are.
                if len(reasons) < MAX_REASONS or entry['problem'] in reasons:
                    reasons[entry['problem']] += 1
                continue
            for topic in self._topics.of(entry['camera']):
                summary.outputs[topic] += 1
        summary.reasons = dict(reasons.most_common())
        return summary

    def _add(self, copy: BagCopy, message: Message, entry: dict[str, Any]) -> None:
        """Add the results of one image."""
        camera, recorded_ns = message[0].topic, message[1]
        if (entry.get('camera'), entry.get('recorded_ns')) != (camera, recorded_ns):
            raise ValueError(f'{self._bag.path} has changed since its images were processed')
        if 'found' not in entry:
            return
        seconds, nanoseconds = entry['stamp']
        # As in the nodes, an image without a stamp is one of the time at which it arrives.
        stamp_s = seconds + nanoseconds * 1e-9 or recorded_ns * 1e-9
        stamp = header((seconds, nanoseconds), entry['frame_id'])
        results = [
            result
            for name, annotator in self._request.annotators.items()
            for result in annotator.messages(entry['found'][name], stamp, camera, stamp_s)
        ]
        for topic, result in zip(self._topics.of(camera), results, strict=True):
            copy.add(topic, result, recorded_ns)
