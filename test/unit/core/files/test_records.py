"""Records with checksums, and a journal of them, which resumes after any interruption."""

from __future__ import annotations

from pathlib import Path

from nn_perception.core.files.records import (
    add_checksum,
    encode_line,
    is_intact,
    Journal,
    read_lines,
)
import pytest

IDENTITY = {'bag': 'a', 'sizes': (1, 2)}
ENTRIES = [{'n': i, 'text': 'ü\n' * i} for i in range(3)]
LINES = [encode_line({'a': 1}), encode_line({'b': 'ü'}), encode_line({})]


def test_lines_are_read_with_their_end_offsets(tmp_path):
    path = tmp_path / 'lines'
    path.write_bytes(b''.join(LINES))
    ends = [len(LINES[0]), len(LINES[0] + LINES[1]), len(b''.join(LINES))]
    assert list(read_lines(path)) == list(zip([{'a': 1}, {'b': 'ü'}, {}], ends, strict=True))


@pytest.mark.parametrize('damage', [b'', b'xyz', LINES[0][:-1], b'0' + LINES[0][1:], b'\n'])
def test_reading_ends_at_the_first_damaged_line(tmp_path, damage):
    path = tmp_path / 'lines'
    path.write_bytes(LINES[1] + damage)
    assert [content for content, _ in read_lines(path)] == [{'b': 'ü'}]


def test_a_flipped_bit_is_detected():
    record = add_checksum(b'embedding')
    assert len(record) == len(b'embedding') + 4
    assert is_intact(record)
    for index in range(len(record)):
        assert not is_intact(record[:index] + bytes([record[index] ^ 1]) + record[index + 1 :])


def fill(path: Path) -> None:
    with Journal(path, IDENTITY) as journal:
        for entry in ENTRIES:
            journal.append(entry)
        assert list(journal.entries()) == ENTRIES


def test_resume_after_closing(tmp_path: Path) -> None:
    fill(tmp_path / 'journal')
    with Journal(tmp_path / 'journal', IDENTITY) as journal:
        assert len(journal) == 3
        journal.append({'n': 0.1})
        assert list(journal.entries()) == [*ENTRIES, {'n': 0.1}]


def test_resume_after_truncation_at_any_byte(tmp_path: Path) -> None:
    path = tmp_path / 'journal'
    fill(path)
    content = path.read_bytes()
    kept = set()
    for size in range(len(content) + 1):
        # A power cut may leave zeros in place of data.
        for garbage in (b'', bytes(7)):
            path.write_bytes(content[:size] + garbage)
            with Journal(path, IDENTITY) as journal:
                count = len(journal)
                journal.append({'new': 1})
                assert list(journal.entries()) == [*ENTRIES[:count], {'new': 1}]
            assert count == max(0, content[:size].count(b'\n') - 1)
            kept.add(count)
    assert kept == {0, 1, 2, 3}


def test_entries_after_a_damaged_line_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / 'journal'
    fill(path)
    path.write_bytes(path.read_bytes().replace(b'"n": 1', b'"n": 9'))
    with Journal(path, IDENTITY) as journal:
        assert list(journal.entries()) == ENTRIES[:1]


def test_a_journal_of_other_work_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / 'journal'
    fill(path)
    content = path.read_bytes()
    with pytest.raises(ValueError, match='holds the unfinished work of another bag'):
        Journal(path, {'bag': 'b'})
    assert path.read_bytes() == content


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / 'journal'
    with (
        Journal(path, IDENTITY),
        pytest.raises(BlockingIOError, match='another process is working'),
    ):
        Journal(path, IDENTITY)
    Journal(path, IDENTITY).close()
