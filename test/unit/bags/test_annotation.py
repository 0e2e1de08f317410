"""Results beside the images of a bag: which, where, and after any interruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import hashlib
import os
from pathlib import Path
import shutil
from typing import Any

from nn_perception.bags.annotation import Annotation, AnnotationRequest
from nn_perception.bags.bag import Bag
from nn_perception.bags.message_definitions import result_messages, result_types
from nn_perception.bags.metadata import fingerprint
from nn_perception.bags.summary import Summary
from nn_perception.capabilities.messages import STRING
import pytest

SECOND = 1_000_000_000
MAKE = Callable[..., Any]


class Brightness:
    """Finds the sum of the pixels; counts the images, and breaks at one if told to."""

    outputs: Mapping[str, str] = {'brightness/text': STRING}

    def __init__(self, name: str = 'sum', breaks_at: int = -1) -> None:
        self.identity = {'name': name}
        self.images = 0
        self._breaks_at = breaks_at

    def analyse(self, frame: Any) -> Any:
        if self.images == self._breaks_at:
            raise KeyboardInterrupt
        self.images += 1
        if frame.image_bgr.max() == 0:
            raise ValueError('it is dark')
        return int(frame.image_bgr.sum())

    def messages(self, found: Any, frame: Any) -> list[Any]:
        words = f'{found} {frame.source} {frame.stamp_s:.3f} {frame.frame_id}'
        return [result_messages().text([words])]


def annotate(
    given: Path,
    output: Path,
    annotator: Brightness | None = None,
    cameras: tuple[str, ...] = ('/image',),
    storage: str = 'sqlite3',
) -> Summary:
    annotators = {'brightness': annotator or Brightness()}
    request = AnnotationRequest(given, output, lambda: annotators, cameras, storage)
    with Annotation(request) as annotation:
        for _ in annotation.run():
            pass
        return annotation.summary


def read(output: Path, topic: str = '/brightness/text') -> list[tuple[int, str]]:
    with Bag(output) as bag:
        return [
            (recorded_ns, result_types().deserialize_cdr(content, STRING).data)
            for _, recorded_ns, content in bag.messages([topic])
        ]


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def given(tmp_path: Path, recording: Any, picture: MAKE) -> Path:
    messages = [
        ('/image', i * SECOND, recording.raw((i + 1) * SECOND, picture(i), frame_id='left'))
        for i in range(4)
    ]
    messages.insert(2, ('/image', SECOND, recording.raw(2 * SECOND, picture(7), 'cmyk')))
    messages.append(('/image', 9 * SECOND, recording.raw(SECOND, 0 * picture())))
    messages.append(('/wheel', 9 * SECOND, recording.wheel(1.0)))
    messages.append(('/image', 9 * SECOND, recording.raw(0, picture(8))))
    return recording.write(tmp_path / 'given', messages)


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_every_image_has_its_result(
    tmp_path: Path, given: Path, picture: MAKE, storage: str
) -> None:
    summary = annotate(given, tmp_path / 'made', storage=storage)
    expected = [(i * SECOND, f'{int(picture(i).sum())} /image {i + 1:.3f} left') for i in range(4)]
    # An image without a stamp counts as taken when it was recorded.
    expected.append((9 * SECOND, f'{int(picture(8).sum())} /image 9.000 camera'))
    assert read(tmp_path / 'made') == expected
    assert summary.images == 7
    assert summary.refused == 2
    assert summary.outputs == {'/brightness/text': 5}
    assert sorted(summary.reasons.values()) == [1, 1]
    assert {reason.partition(';')[0] for reason in summary.reasons} == {
        "encoding 'cmyk' is not supported", 'it is dark'
    }  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ['given', 'made']


def test_several_cameras(tmp_path: Path, recording: Any, picture: MAKE) -> None:
    messages = [
        ('/left/image', 1, recording.raw(1, picture(0))),
        ('/right/image/compressed', 2, recording.compressed(2, picture(1))),
        ('/up', 3, recording.raw(3, picture(2))),
    ]
    given = recording.write(tmp_path / 'given', messages, storage='mcap')
    cameras = {'/left/image': 'left', '/right/image/compressed': 'right'}
    annotate(given, tmp_path / 'made', cameras=tuple(cameras))
    for number, (camera, name) in enumerate(cameras.items()):
        ((recorded_ns, words),) = read(tmp_path / 'made', f'/brightness/{name}/text')
        assert recorded_ns == number + 1
        assert words.split()[:2] == [str(int(picture(number).sum())), camera]


def test_resumes_where_it_was_interrupted(tmp_path: Path, given: Path) -> None:
    (tmp_path / 'whole').mkdir()
    annotate(given, tmp_path / 'whole' / 'made')
    for breaks_at in range(5):
        output = tmp_path / f'{breaks_at}' / 'made'
        output.parent.mkdir()
        with pytest.raises(KeyboardInterrupt):
            annotate(given, output, Brightness(breaks_at=breaks_at))
        assert not output.exists()
        second = Brightness()
        annotate(given, output, second)
        # One of the seven cannot be decoded; no image is processed twice.
        assert second.images == 6 - breaks_at
        assert contents(output) == contents(tmp_path / 'whole' / 'made')
        assert [path.name for path in output.parent.iterdir()] == ['made']


def test_killed_before_every_change_of_a_file(
    tmp_path: Path, given: Path, killed_everywhere: Any
) -> None:
    (tmp_path / 'whole').mkdir()
    annotate(given, tmp_path / 'whole' / 'made')

    def prepare(number: int) -> Path:
        folder = tmp_path / f'{number}'
        folder.mkdir()
        return folder / 'made'

    times = 0
    for output, killed in killed_everywhere(prepare, lambda path: annotate(given, path)):
        if output.exists():
            # An output with its final name is complete.
            assert contents(output) == contents(tmp_path / 'whole' / 'made')
        summary = annotate(given, output)
        assert (summary.images, summary.refused) == (7, 2)
        assert contents(output) == contents(tmp_path / 'whole' / 'made')
        assert [path.name for path in output.parent.iterdir()] == ['made']
        times += killed
    assert times > 5


def test_finished_work_is_not_repeated(tmp_path: Path, given: Path) -> None:
    first = annotate(given, tmp_path / 'made')
    before = {path: os.stat(path).st_mtime_ns for path in (tmp_path / 'made').iterdir()}
    again = Brightness()
    assert annotate(given, tmp_path / 'made', again) == first
    assert again.images == 0
    assert before == {path: os.stat(path).st_mtime_ns for path in (tmp_path / 'made').iterdir()}
    # A copy of the bag at another place is the same bag.
    shutil.copytree(given, tmp_path / 'moved' / 'given')
    assert annotate(tmp_path / 'moved' / 'given', tmp_path / 'made', again) == first
    assert again.images == 0
    with pytest.raises(FileExistsError, match='made already exists and contains something else'):
        annotate(given, tmp_path / 'made', Brightness('other'))
    (tmp_path / 'mine').mkdir()
    with pytest.raises(FileExistsError, match='mine already exists'):
        annotate(given, tmp_path / 'mine')


def test_other_options_do_not_mix(tmp_path: Path, given: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        annotate(given, tmp_path / 'made', Brightness(breaks_at=2))
    with pytest.raises(ValueError, match=r'made\.unfinished holds the unfinished work of another'):
        annotate(given, tmp_path / 'made', Brightness('other'))
    annotate(given, tmp_path / 'made')


def test_foreign_files_are_left_alone(tmp_path: Path, given: Path) -> None:
    mine = tmp_path / 'made.unfinished' / 'thesis.txt'
    mine.parent.mkdir()
    mine.write_text('all of it')
    with pytest.raises(FileExistsError, match='is needed, but contains something else'):
        annotate(given, tmp_path / 'made')
    annotate(given, tmp_path / 'other')
    (tmp_path / 'other.unfinished').mkdir()
    kept = mine.rename(tmp_path / 'other.unfinished' / mine.name)
    annotate(given, tmp_path / 'other')
    assert kept.read_text() == 'all of it'


@pytest.mark.parametrize('name', ['a#b', 'a?b=1&c', 'a%41', 'run 1 ü'])
@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_paths_with_any_character(tmp_path: Path, given: Path, name: str, storage: str) -> None:
    # In a sqlite URI, and in a pattern, these characters have a meaning.
    expected = read(annotated(given, tmp_path / 'made', storage))
    moved = given.rename(tmp_path / name)
    (moved / 'given.db3').rename(moved / f'{name}.db3')
    described = (moved / 'metadata.yaml').read_text().replace('given.db3', f'"{name}.db3"')
    (moved / 'metadata.yaml').write_text(described)
    assert read(annotated(moved, tmp_path / f'{name} made', storage)) == expected
    assert read(annotated(moved / f'{name}.db3', tmp_path / f'{name} too', storage)) == expected
    assert len(list(tmp_path.iterdir())) == 4


def annotated(given: Path, output: Path, storage: str) -> Path:
    annotate(given, output, storage=storage)
    return output


def test_an_output_topic_that_exists_already(
    tmp_path: Path, recording: Any, picture: MAKE
) -> None:
    messages = [
        ('/image', 1, recording.raw(1, picture())),
        ('/brightness/text', 1, recording.wheel(1.0)),
    ]
    given = recording.write(tmp_path / 'given', messages)
    with pytest.raises(ValueError, match='contains /brightness/text already'):
        annotate(given, tmp_path / 'made')


def test_metadata_of_another_bag(tmp_path: Path, given: Path) -> None:
    path = given / 'metadata.yaml'
    path.write_text(path.read_text().replace('message_count: 8', 'message_count: 9'))
    with pytest.raises(ValueError, match='contains 8 messages, but states 9'):
        annotate(given, tmp_path / 'made')
    assert not (tmp_path / 'made').exists()


def test_a_full_disk(tmp_path: Path, recording: Any, picture: MAKE, largest_file: Any) -> None:
    images = [('/image', i, recording.raw(5, picture(i, (200, 200, 3)))) for i in range(30)]
    given = recording.write(tmp_path / 'given', images)
    for size in (100, 2000, 1_500_000):
        with largest_file(size), pytest.raises(OSError, match=r'too large|cannot be written'):
            annotate(given, tmp_path / 'made')
        assert not (tmp_path / 'made').exists()
    # No image is processed twice.
    last = Brightness()
    assert annotate(given, tmp_path / 'made', last).outputs == {'/brightness/text': 30}
    assert last.images == 0


def test_fingerprints_differ(tmp_path: Path, recording: Any, picture: MAKE) -> None:
    prints = []
    for seed in range(2):
        messages = [('/image', 1, recording.raw(1, picture(seed)))]
        prints.append(fingerprint(recording.write(tmp_path / f'{seed}' / 'bag', messages)))
    assert prints[0] != prints[1]
    (tmp_path / '0' / 'bag' / 'folder').mkdir()
    assert fingerprint(tmp_path / '0' / 'bag') == prints[0]


@pytest.mark.parametrize(
    ('path', 'topic', 'results', 'messages'),
    [
        ('06_mcap_two_channels_one_topic/merged_tf.mcap', '/cam/image_raw', 4, 8),
        ('08_bag_stamps_jump/clock_set_late', '/cam/image_raw', 8, 8),
        ('14_qos_edited_metadata/bag', '/cam/image_raw', 3, 3),
        ('15_sqlite_path_with_hash/run#1', '/cam/image_raw', 3, 3),
        ('16_mcap_json_channel_beside/json_beside.mcap', '/cam/image_raw', 3, 6),
    ],
)
def test_bags_that_once_failed(
    tmp_path: Path, cases: Path, path: str, topic: str, results: int, messages: int
) -> None:
    summary = annotate(cases / path, tmp_path / 'made', cameras=(), storage='')
    assert summary.outputs == {'/brightness/text': results}
    with Bag(cases / path) as given, Bag(tmp_path / 'made') as made:
        assert given.choose_topic() == topic
        kept = [row for row in made.messages() if row[0].topic != '/brightness/text']
        assert len(kept) == messages
        assert [(row[0].topic, *row[1:]) for row in kept] == [
            (row[0].topic, *row[1:]) for row in given.messages()
        ]


def test_nothing_stays_of_work_that_has_no_results(tmp_path: Path, given: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        annotate(given, tmp_path / 'made', Brightness(breaks_at=0))
    assert [path.name for path in tmp_path.iterdir()] == ['given']
