"""The sound of a bag gets what the node ``sound_tagger`` publishes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nn_perception.bags.annotation import AnnotationRequest
from nn_perception.bags.bag import Bag
from nn_perception.bags.message_definitions import result_types
from nn_perception.bags.sound_annotation import SoundAnnotation, SoundAnnotator
from nn_perception.capabilities.messages import AUDIO_CHUNK, CLASSIFICATION
from nn_perception.capabilities.sounds.chunks import Chunk, ChunkWindows
from nn_perception.capabilities.sounds.defaults import WINDOW_OVERLAP
from nn_perception.capabilities.sounds.pipeline import SoundPipeline
from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.core.audio.sound_files import as_int16, read_sound
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer

TOPIC = '/head/audio'
TAGS = '/sound_tagger/tags'
BEGIN_S = 1_700_000_000
SIZE = 1600


@pytest.fixture(scope='module')
def tagger() -> Iterator[SoundTagger]:
    """Open the network once."""
    opened = SoundTagger.open(options=RunOptions(device='cpu', threads=1))
    yield opened
    opened.close()


@pytest.fixture(scope='module')
def samples() -> np.ndarray:
    """Read the first two words, and cut a gap into the noise after them."""
    return as_int16(read_sound(SAMPLES_FOLDER / 'sounds' / 'words.flac'))[: 16_000 * 5]


def parts(samples: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Cut a sound into chunks with their stamps; half a second is lost after 4.5 s."""
    for start in range(0, len(samples), SIZE):
        lost_s = 0.5 if start >= 4.5 * 16_000 else 0.0
        yield BEGIN_S + start / 16_000 + lost_s, samples[start : start + SIZE]


def write_bag(folder: Path, samples: np.ndarray, *, damaged: bool = False) -> Path:
    """Record a sound."""
    types = result_types()
    kinds = types.types
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection(TOPIC, AUDIO_CHUNK, typestore=types)
        for number, (stamp_s, part) in enumerate(parts(samples)):
            nanoseconds = round(stamp_s * 1e9)
            stamp = kinds['builtin_interfaces/msg/Time'](
                sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9
            )
            header = kinds['std_msgs/msg/Header'](stamp=stamp, frame_id='mic')
            rate = 0 if damaged and number == 3 else 16_000
            msg = kinds[AUDIO_CHUNK](header=header, sample_rate=rate, channels=1, samples=part)
            content = bytes(types.serialize_cdr(msg, AUDIO_CHUNK))
            writer.write(connection, nanoseconds + 100_000_000, content)
    return folder


class Breaking(SoundAnnotator):
    """An annotator that is interrupted at some window."""

    left = 10

    def analyse(self, windows: Any) -> list[Any]:
        """Tag windows until it breaks."""
        self.left -= len(windows)
        if self.left < 0:
            raise KeyboardInterrupt
        return super().analyse(windows)


def annotate(
    bag: Path, output: Path, tagger: SoundTagger, kind: type[SoundAnnotator] = SoundAnnotator
) -> SoundAnnotation:
    request = AnnotationRequest(bag, output, lambda: {'sounds': kind(SoundPipeline(tagger))})
    with SoundAnnotation(request) as annotation:
        for _ in annotation.run():
            pass
    return annotation


def tags_in(folder: Path) -> list[tuple[int, str, list[tuple[str, float]]]]:
    """Read recorded time, frame and tags of each result, whose stamp is before that time."""
    found = []
    with Bag(folder) as bag:
        for _, recorded_ns, content in bag.messages([TAGS]):
            msg: Any = result_types().deserialize_cdr(content, CLASSIFICATION)
            stamp_ns = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
            assert 0 <= recorded_ns - stamp_ns <= 200_000_000
            tags = [(one.class_id, round(one.score, 4)) for one in msg.results]
            found.append((stamp_ns, msg.header.frame_id, tags))
    return found


def test_each_window_has_its_result(
    tmp_path: Path, samples: np.ndarray, tagger: SoundTagger
) -> None:
    annotation = annotate(write_bag(tmp_path / 'given', samples), tmp_path / 'made', tagger)
    windows, pipeline = ChunkWindows(WINDOW_OVERLAP), SoundPipeline(tagger)
    expected = []
    for stamp_s, part in parts(samples):
        restarts = windows.buffer.restarts
        complete = windows.add(Chunk(part, 16_000, 1, stamp_s, stamp_s))
        if windows.buffer.restarts > restarts:
            pipeline.forget('')
        for window in complete:
            (result,) = pipeline.process([window])
            tags = [(tag.label, round(tag.score, 4)) for tag in result.tags]
            expected.append((round(window.stamp_s * 1e6) * 1000, 'mic', tags))
    found = tags_in(tmp_path / 'made')
    assert [stamp_ns for stamp_ns, _, _ in found] == [stamp_ns for stamp_ns, _, _ in expected]
    assert found == expected
    assert {'stop', 'go'} <= {tags[0][0] for _, _, tags in found}
    assert annotation.summary.outputs == {TAGS: len(expected)}
    assert (annotation.summary.images, annotation.summary.refused) == (50, 0)
    # 4.5 s without a gap, and half a second after it.
    assert len(found) == 15


def test_it_resumes_where_it_was_interrupted(
    tmp_path: Path, samples: np.ndarray, tagger: SoundTagger
) -> None:
    given = write_bag(tmp_path / 'given', samples)
    annotate(given, tmp_path / 'whole', tagger)
    with pytest.raises(KeyboardInterrupt):
        annotate(given, tmp_path / 'made', tagger, Breaking)
    annotate(given, tmp_path / 'made', tagger)
    assert tags_in(tmp_path / 'made') == tags_in(tmp_path / 'whole')


def test_a_chunk_that_is_no_sound_is_left_out(
    tmp_path: Path, samples: np.ndarray, tagger: SoundTagger
) -> None:
    given = write_bag(tmp_path / 'given', samples[: 16_000 * 3], damaged=True)
    summary = annotate(given, tmp_path / 'made', tagger).summary
    assert summary.refused == 1
    assert summary.reasons == {'the sampling rate is 0 Hz; expected 1000 to 384000 Hz': 1}
    assert summary.outputs[TAGS] == len(tags_in(tmp_path / 'made')) > 4


def test_a_bag_without_sound(tmp_path: Path, samples: np.ndarray, tagger: SoundTagger) -> None:
    given = write_bag(tmp_path / 'given', samples[:SIZE])
    request = AnnotationRequest(given, tmp_path / 'made', dict, topics=['/elsewhere'])
    with pytest.raises(ValueError, match='no sound on /elsewhere; choose one of: /head/audio'):
        SoundAnnotation(request)
    annotate(given, tmp_path / 'made', tagger)
    request = AnnotationRequest(tmp_path / 'made', tmp_path / 'again', dict)
    with pytest.raises(ValueError, match='contains /sound_tagger/tags already'):
        annotate(tmp_path / 'made', tmp_path / 'again', tagger)
