"""Records with checksums."""

from nn_perception.core.files.records import add_checksum, encode_line, is_intact, read_lines
import pytest

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
