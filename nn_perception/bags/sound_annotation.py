"""Annotate the sound of a bag, with what the node ``sound_tagger`` publishes by default."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from nn_perception.bags.annotation import Annotation
from nn_perception.bags.bag_copy import BagCopy
from nn_perception.bags.message_definitions import result_messages
from nn_perception.bags.recorded_sounds import choose_sound_topic, is_sound, read_chunk
from nn_perception.bags.storage.connection import Connection, Message
from nn_perception.bags.summary import summarize, Summary
from nn_perception.bags.topics import SOUND_TOPICS
from nn_perception.capabilities.sounds.chunks import Chunk, ChunkWindows
from nn_perception.capabilities.sounds.defaults import SOUND_MIN_SCORE, WINDOW_OVERLAP
from nn_perception.capabilities.sounds.pipeline import RawSound, SoundOptions, SoundPipeline
from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.capabilities.sounds.voice_detector import VoiceDetector
from nn_perception.core.audio.samples import SoundWindow
from nn_perception.core.files.records import Journal
from nn_perception.core.inference.run_options import RunOptions
import numpy as np

# The second pass needs the time of a window, not its sound.
NO_SOUND = np.empty(0, np.float32)
# A long chunk has hundreds of windows, too many for the memory of a network at once.
MAX_BATCH = 4


class SoundAnnotator:
    """
    Tags the sound of any number of microphones.

    What the networks find is kept as plain JSON, since it must survive an interruption; scores are
    averaged afterwards, in the order of the windows.
    """

    outputs: Mapping[str, str] = SOUND_TOPICS

    def __init__(self, pipeline: SoundPipeline) -> None:
        self._pipeline = pipeline
        self._windows = defaultdict[str, ChunkWindows](partial(ChunkWindows, WINDOW_OVERLAP))

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the results beside the sound, as JSON."""
        options = self._pipeline.options
        return {
            'model': self._pipeline.tagger.checkpoint.sha256,
            'overlap': WINDOW_OVERLAP,
            'smoothing_s': options.smoothing_s,
            'gate_db': options.gate_db,
        }

    def cut(self, chunk: Chunk, microphone: str) -> tuple[list[SoundWindow], bool]:
        """
        Add a chunk.

        :returns: the windows that it completes, and whether the sound began anew
        """
        windows = self._windows[microphone]
        restarts = windows.buffer.restarts
        return windows.add(chunk), windows.buffer.restarts > restarts

    def analyse(self, windows: Sequence[SoundWindow]) -> list[Any]:
        """Run the networks on windows; returns JSON for each."""
        batches = (windows[i : i + MAX_BATCH] for i in range(0, len(windows), MAX_BATCH))
        raws = [raw for batch in batches for raw in self._pipeline.infer(batch)]
        return [
            [
                window.stamp_s,
                window.frame_id,
                None if raw.scores is None else [float(score) for score in raw.scores],
                raw.level_db,
                raw.speech,
            ]
            for window, raw in zip(windows, raws, strict=True)
        ]

    def message(self, found: Any, microphone: str) -> Any:
        """Make the vision_msgs/Classification of the next window of a microphone."""
        stamp_s, frame_id, scores, level_db, speech = found
        window = SoundWindow(NO_SOUND, source=microphone, stamp_s=stamp_s, frame_id=frame_id)
        scored = None if scores is None else np.array(scores, np.float32)
        result = self._pipeline.update(window, RawSound(scored, level_db, speech))
        seconds, microseconds = divmod(round(stamp_s * 1e6), 1_000_000)
        messages = result_messages()
        header = messages.header((seconds, microseconds * 1000), frame_id)
        return messages.classification(result.tags, header)

    def forget(self, microphone: str) -> None:
        """Forget what was heard before: the sound begins anew."""
        self._pipeline.forget(microphone)


def open_sound_annotators(model: str, options: RunOptions) -> dict[str, SoundAnnotator]:
    """
    Open the networks.

    :param model: see :meth:`.SoundTagger.open`
    :param options: how they are run
    :raises OSError: if a file cannot be read
    :raises ValueError: if a checkpoint is not usable
    :raises RuntimeError: if a network cannot be loaded
    """
    tagger, of_node = SoundTagger.open(model, options), SoundOptions(min_score=SOUND_MIN_SCORE)
    return {'sounds': SoundAnnotator(SoundPipeline(tagger, of_node, VoiceDetector.open()))}


class SoundAnnotation(Annotation):
    """One bag whose sound is being annotated, see :class:`.Annotation`."""

    received = 'sound'
    _annotators: Mapping[str, Any]

    def _choose_cameras(self, topics: Sequence[str]) -> list[str]:
        connections = self._bag.connections
        return [choose_sound_topic(connections, one) for one in dict.fromkeys(topics or [''])]

    def _is_source(self, connection: Connection) -> bool:
        return connection.topic in self._cameras and is_sound(connection)

    def _skip(self, message: Message) -> None:
        """Let the windows that follow contain the sound that was processed before."""
        try:
            self._annotators['sounds'].cut(read_chunk(message), message[0].topic)
        except ValueError:
            return

    def _entry(self, message: Message) -> dict[str, Any]:
        """Process one chunk."""
        topic = message[0].topic
        entry: dict[str, Any] = {'camera': topic, 'recorded_ns': message[1]}
        annotator = self._annotators['sounds']
        try:
            windows, anew = annotator.cut(read_chunk(message), topic)
            found = annotator.analyse(windows)
        except ValueError as error:
            return {**entry, 'problem': str(error)}
        return {**entry, 'found': found, 'anew': anew}

    def _summarize(self, journal: Journal) -> Summary:
        summary = summarize(journal.entries(), self._topics)
        summary.outputs = dict.fromkeys(self._topics.all, 0)
        for entry in journal.entries():
            (topic,) = self._topics.of[entry['camera']]
            summary.outputs[topic] += len(entry.get('found', ()))
        return summary

    def _add(self, copy: BagCopy, message: Message, entry: dict[str, Any]) -> None:
        """Add the results of one chunk."""
        self._check_entry(message, entry)
        microphone, recorded_ns = message[0].topic, message[1]
        annotator = self._annotators['sounds']
        if entry.get('anew'):
            annotator.forget(microphone)
        (topic,) = self._topics.of[microphone]
        for found in entry.get('found', ()):
            copy.add(topic, annotator.message(found, microphone), recorded_ns)
