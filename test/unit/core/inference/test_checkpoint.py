"""Checkpoint files: round trip, metadata, and everything that can be wrong with a file."""

import hashlib
import json
import os
import pickle

from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.inference.model_zoo import entry_of
import numpy as np
import pytest
import safetensors.numpy

PREPROCESSING = Preprocessing(8, 0.5, 'cubic', (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
WEIGHTS = {
    'body.weight': np.arange(12, dtype=np.float32).reshape(3, 4),
    'count': np.array(7, np.int64),
    'head.bias': np.zeros(3, np.float32),
}
LABELS = ('cat', 'dog', 'Grüße')


def write(path, **changes):
    values = {
        'network': 'test',
        'weights': WEIGHTS,
        'labels': LABELS,
        'preprocessing': PREPROCESSING,
        'version': '3',
        'licence': 'MIT',
    }
    values |= changes
    weights = values.pop('weights')
    write_checkpoint(path, weights, CheckpointMetadata(**values))
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / 'model.safetensors')


def read_metadata(path):
    with safetensors.safe_open(path, 'np') as file:
        return file.metadata()


def rewrite(path, metadata, weights=WEIGHTS):
    path.write_bytes(safetensors.numpy.save(weights, metadata))


def test_round_trip(path):
    checkpoint = Checkpoint.read(path)
    assert checkpoint.network == 'test'
    assert checkpoint.labels == LABELS
    assert checkpoint.preprocessing == PREPROCESSING
    assert (checkpoint.version, checkpoint.licence, checkpoint.source) == ('3', 'MIT', '')
    assert checkpoint.name == 'model'
    assert checkpoint.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    weights = checkpoint.weights()
    assert weights.keys() == WEIGHTS.keys()
    for name, values in WEIGHTS.items():
        np.testing.assert_array_equal(weights[name], values)
        assert weights[name].dtype == values.dtype


def test_the_same_content_gives_the_same_file(tmp_path, path):
    for number in range(5):
        assert write(tmp_path / f'{number}').read_bytes() == path.read_bytes()


def test_non_contiguous_weights(tmp_path):
    transposed = WEIGHTS | {'body.weight': WEIGHTS['body.weight'].T}
    written = write(tmp_path / 'transposed.safetensors', weights=transposed)
    found = Checkpoint.read(written).weights()
    np.testing.assert_array_equal(found['body.weight'], WEIGHTS['body.weight'].T)


@pytest.mark.parametrize('share', [0.0, 0.001, 0.01, 0.3, 0.7, 0.99])
def test_truncated(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r'truncated|empty|not a safetensors') as caught:
        Checkpoint.read(path)
    assert str(path) in str(caught.value)


def test_a_pickle_is_rejected_as_such(path):
    path.write_bytes(pickle.dumps({'weight': 1}))
    with pytest.raises(ValueError, match='it is a pickle'):
        Checkpoint.read(path)
    path.write_bytes(b'PK\x03\x04' + bytes(100))  # what torch.save writes
    with pytest.raises(ValueError, match='it is a pickle'):
        Checkpoint.read(path)


@pytest.mark.parametrize(
    'content',
    [b'x', bytes(1000), b'\xff' * 1000, b'just a text file\n' * 9,
     b'\x05\x00\x00\x00\x00\x00\x00\x00{"a":', b'\x02\x00\x00\x00\x00\x00\x00\x00{}',
     b'\x0b\x00\x00\x00\x00\x00\x00\x00{"a":[1,2]}'],
)  # fmt: skip
def test_foreign_files(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match='is not a usable checkpoint'):
        Checkpoint.read(path)


@pytest.mark.parametrize('key', ['network', 'labels', 'preprocessing', 'version'])
def test_missing_metadata(path, key):
    metadata = read_metadata(path)
    del metadata[key]
    rewrite(path, metadata)
    with pytest.raises(ValueError, match=f'lacks {key}'):
        Checkpoint.read(path)


def test_no_metadata(path):
    rewrite(path, None)
    with pytest.raises(ValueError, match='lacks network, labels, preprocessing, version'):
        Checkpoint.read(path)


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'labels': json.dumps(['a', 'b'])}, r'2 labels, but head.bias has the shape \[3\]'),
        ({'labels': '["a", 1, 2]'}, 'not a list of strings'),
        ({'labels': '[broken'}, 'Expecting'),
        ({'preprocessing': '{"size": 8}'}, 'preprocessing lacks'),
        ({'head': 'tail.bias'}, 'tail.bias is missing'),
        ({'head': 'count'}, r'count has the shape \[\]'),
        ({'format': 'nn_perception-9'}, "format is 'nn_perception-9'"),
    ],
)
def test_inconsistent_metadata(path, change, reason):
    rewrite(path, read_metadata(path) | change)
    with pytest.raises(ValueError, match=reason):
        Checkpoint.read(path)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(tmp_path, value):
    broken = WEIGHTS | {'head.bias': np.array([0, value, 0], np.float32)}
    checkpoint = Checkpoint.read(write(tmp_path / 'nan.safetensors', weights=broken))
    with pytest.raises(ValueError, match=r'head\.bias holds values that are not finite'):
        checkpoint.weights()


def test_a_file_that_has_changed(path):
    checkpoint = Checkpoint.read(path)
    write(path, version='4')
    with pytest.raises(ValueError, match='has changed'):
        checkpoint.weights()


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='cannot be read: No such file'):
        Checkpoint.read(tmp_path / 'none.safetensors')


def test_writing_a_wrong_number_of_labels_fails(tmp_path):
    with pytest.raises(ValueError, match=r'2 labels do not match head\.bias'):
        write(tmp_path / 'wrong', labels=('a', 'b'))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(path, monkeypatch):
    before = path.read_bytes()

    def no_space(descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('nn_perception.core.files.atomic.os.fsync', no_space)
    with pytest.raises(OSError, match='No space left'):
        write(path, version='4')
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


ENTRY = {'dtype': 'F32', 'shape': [3], 'data_offsets': [0, 12]}


def headed(header, weights=bytes(12)):
    """Make a safetensors file with any header, an object or a text."""
    text = header.encode() if isinstance(header, str) else json.dumps(header).encode()
    return len(text).to_bytes(8, 'little') + text + weights


@pytest.mark.parametrize(
    'header',
    [
        '{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,1e999]}}',
        '{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,Infinity]}}',
        '{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,12]}}',
        '{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,-Infinity]}}',
        '{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,' + '9' * 100_000 + ']}}',
        '{"a":' * 100_000 + '1' + '}' * 100_000,
        '{"\\ud800":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}',
        {'a\nb': ENTRY},
        {'': ENTRY},
        {'../../a': ENTRY},
        {'a' * 300: ENTRY},
        {'\x1b[31m': ENTRY},
        {'a': None},
        {'a': []},
        {'a': 'F32'},
        {'a': ENTRY | {'shape': None}},
        {'a': ENTRY | {'shape': ['3']}},
        {'a': ENTRY | {'shape': [True, 3]}},
        {'a': ENTRY | {'shape': [-3]}},
        {'a': ENTRY | {'shape': [3.0]}},
        {'a': ENTRY | {'shape': [1] * 1000 + [3]}},
        {'a': ENTRY | {'shape': [1 << 62, 1 << 62]}},
        {'a': ENTRY | {'data_offsets': [0, 12, 12]}},
        {'a': ENTRY | {'data_offsets': [-12, 0]}},
        {'a': ENTRY | {'data_offsets': [12, 0]}},
        {'a': ENTRY | {'dtype': 'PICKLE'}},
        {'a': ENTRY | {'dtype': 'BF16', 'shape': [6]}},
        {'a': ENTRY | {'dtype': ['F32']}},
        {'a': ENTRY, 'b': ENTRY},
        {'__a': None, 'a': ENTRY},
        {'__metadata__': None, 'a': ENTRY},
        {'__metadata__': {'format': 1}, 'a': ENTRY},
        {'__metadata__': [], 'a': ENTRY},
    ],
    ids=lambda header: ascii(header)[:60],
)
def test_a_header_of_a_stranger_gives_a_sentence(path, header):
    path.write_bytes(headed(header))
    with pytest.raises(ValueError, match='is not a usable checkpoint') as caught:
        Checkpoint.read(path)
    assert len(str(caught.value)) < 300 + len(str(path))
    assert str(caught.value).isprintable()
    entry = entry_of(path, 'shipped')
    assert entry.error == str(caught.value)


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'labels': '["a", "b", "\\ud83d"]'}, 'half of a surrogate pair'),
        ({'labels': '["a", "b", "\\u001b[2J"]'}, 'control character'),
        ({'labels': json.dumps(['a', 'b', 'c' * 2000])}, '2000 characters'),
        ({'labels': '[' * 100_000}, 'nested too deeply'),
        ({'labels': 'Infinity'}, 'not a finite number'),
        ({'preprocessing': '{"crop": 1e999}'}, 'not a finite number'),
        ({'preprocessing': json.dumps(PREPROCESSING.to_json() | {'size': 10**400})}, '64 bits'),
        ({'preprocessing': json.dumps(PREPROCESSING.to_json() | {'interpolation': 'x' * 10_000})},
         'interpolation must be'),
        ({'preprocessing': '{"size":' * 50_000}, 'nested too deeply'),
        ({'preprocessing': json.dumps(PREPROCESSING.to_json() | {'mean': [1e308, 1, 1]})},
         'mean must be'),
        ({'preprocessing': json.dumps(PREPROCESSING.to_json() | {'std': [1e-320, 1, 1]})},
         'std'),
        ({'preprocessing': json.dumps(PREPROCESSING.to_json() | {'std': [4.0, 5.0, 1e300]})},
         'std'),
        ({'network': 'two\nlines'}, 'control character'),
        ({'version': '\x1b]0;title\x07'}, 'control character'),
        ({'source': 'x' * 1001}, '1001 characters'),
        ({'head': '__metadata__'}, 'is missing'),
    ],
)  # fmt: skip
def test_metadata_of_a_stranger(path, change, reason):
    rewrite(path, read_metadata(path) | change)
    with pytest.raises(ValueError, match=reason) as caught:
        Checkpoint.read(path)
    assert len(str(caught.value)) < 300 + len(str(path))
    assert str(caught.value).isprintable()


def test_an_empty_tensor_of_an_impossible_shape(path):
    empty = {'dtype': 'F32', 'shape': [0, 1 << 62], 'data_offsets': [0, 0]}
    header = {'__metadata__': read_metadata(path), 'head.bias': ENTRY, 'empty': empty}
    path.write_bytes(headed(header))
    with pytest.raises(ValueError, match='is not a usable checkpoint'):
        Checkpoint.read(path).weights()


def test_a_large_header_is_not_parsed(path):
    path.write_bytes(headed('{"a":[' + '[],' * 2_000_000 + '[]]}'))
    with pytest.raises(ValueError, match=r'its header has 6\d+ bytes; allowed are'):
        Checkpoint.read(path)


@pytest.mark.parametrize('size', [20, 10**13])
def test_a_file_of_another_size_is_not_read(path, size):
    """A file with a hole is as large as anybody likes, and takes no space."""
    path.write_bytes(headed({'a': ENTRY}))
    os.truncate(path, size)
    with pytest.raises(ValueError, match=r'truncated|too long'):
        Checkpoint.read(path)


def test_a_pipe_is_not_waited_for(path):
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ValueError, match='not a regular file'):
        Checkpoint.read(path)


def test_a_device_is_not_read():
    with pytest.raises(ValueError, match='not a regular file'):
        Checkpoint.read('/dev/zero')
