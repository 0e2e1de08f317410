"""Import from folders and bags, and export as zip."""

import sys
import zipfile

import cv2
from nn_perception.core.imaging.bit_depth import scale_to_8_bits
from nn_perception.core.imaging.image_files import read_image
from nn_perception.training.datasets.dataset import Dataset, QuotaError
from nn_perception.training.datasets.labelled_frames import hash_file, MANIFEST, read_frames
from nn_perception.training.datasets.transfer import (
    export_zip,
    import_bag,
    import_folder,
    ImportResult,
)
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

TYPES = get_typestore(Stores.ROS2_HUMBLE)
SECOND = 1_000_000_000


def picture(seed=0, shape=(6, 8, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def dataset(tmp_path):
    with Dataset.open(tmp_path / 'data', 'kitchen') as dataset:
        yield dataset


def damaged(dataset):
    """Files that are not as they were stored."""
    return [frame.file for frame in dataset.frames() if hash_file(frame.path) != frame.sha256]


@pytest.fixture
def folder(tmp_path):
    """Three pictures of two labels, a file that is not one, and a folder that is not a label."""
    for name in ('cup/a.jpg', 'cup/b.png', 'mug/c.bmp', 'b:a:d/d.png'):
        path = tmp_path / 'given' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), picture(len(name)))
    (tmp_path / 'given' / 'mug' / 'e.jpg').write_bytes(b'not a picture')
    return tmp_path / 'given'


def header(stamp_ns):
    time = TYPES.types['builtin_interfaces/msg/Time'](*divmod(stamp_ns, SECOND))
    return TYPES.types['std_msgs/msg/Header'](time, 'camera')


def raw(stamp_ns, image, encoding, padding=0):
    """Make a raw image message with bytes that mean nothing behind each row."""
    rows = image.reshape(len(image), -1)
    data = np.hstack([rows, np.full((len(rows), padding), 77, np.uint8)])
    return TYPES.types['sensor_msgs/msg/Image'](
        header(stamp_ns), *image.shape[:2], encoding, 0, data.shape[1], data.reshape(-1)
    )


def compressed(stamp_ns, content):
    data = np.frombuffer(content, np.uint8)
    return TYPES.types['sensor_msgs/msg/CompressedImage'](header(stamp_ns), 'png', data)


def write_bag(path, messages, storage=StoragePlugin.SQLITE3):
    """Write (topic, message) a second apart."""
    with Writer(path, version=8, storage_plugin=storage) as writer:
        connections = {}
        for number, (topic, message) in enumerate(messages):
            kind = message.__msgtype__
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=TYPES)
            content = TYPES.serialize_cdr(message, kind)
            writer.write(connections[topic], 900 * SECOND + number, content)
    return path


def test_import_a_folder(dataset, folder):
    progress = []
    result = import_folder(dataset, folder, on_progress=lambda *done: progress.append(done))
    assert (result.stored, result.present) == (3, 0)
    assert progress == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert dataset.counts() == {'cup': 2, 'mug': 1}
    assert [frame.path.name for frame in dataset.frames()] == ['0_0.png', '0_1.png', '0_2.png']
    names = ('cup/a.jpg', 'cup/b.png', 'mug/c.bmp')
    for frame, name in zip(dataset.frames(), names, strict=True):
        np.testing.assert_array_equal(read_image(frame.path), read_image(folder / name))
    assert len(result.problems) == 2
    assert 'the folder b:a:d (1 picture) is left out' in result.problems[0]
    assert not result.complete
    assert result.problems[1] == f'{folder}/mug/e.jpg is not an image of a known format'
    again = import_folder(dataset, folder)
    assert (again.stored, again.present) == (0, 3)
    assert len(dataset.frames()) == 3


def test_import_a_folder_under_one_label(dataset, folder):
    result = import_folder(dataset, folder / 'cup', 'Tasse')
    assert (result.stored, result.problems) == (2, [])
    assert dataset.counts() == {'Tasse': 2}
    with pytest.raises(ValueError, match='given contains no pictures'):
        import_folder(dataset, folder, 'cup')
    with pytest.raises(ValueError, match='cannot be the name of a label'):
        import_folder(dataset, folder / 'cup', '../cup')
    with pytest.raises(FileNotFoundError, match='there is no folder'):
        import_folder(dataset, folder / 'none', 'cup')


def test_an_import_says_what_it_leaves_out(dataset, folder):
    (folder / 'cup' / 'notes.txt').write_text('notes')
    result = import_folder(dataset, folder / 'cup', 'Tasse')
    assert result.complete  # nobody misses notes
    assert result.problems[0].startswith('notes.txt is left out')
    for name in ('a.heic', 'b.heic', 'deep/c.jpg'):
        (folder / 'cup' / name).parent.mkdir(exist_ok=True)
        (folder / 'cup' / name).write_bytes(b'picture')
    result = import_folder(dataset, folder / 'cup', 'Tasse')
    assert (result.stored, result.present, result.complete) == (0, 2, False)
    assert 'a.heic and b.heic are left out: HEIC pictures' in result.problems[0]
    assert 'deep/ (1 picture) is left out' in result.problems[1]


def test_a_failed_import_says_what_it_left_out(tmp_path, dataset):
    (tmp_path / 'photos' / 'mug').mkdir(parents=True)
    (tmp_path / 'photos' / 'mug' / 'a.heic').write_bytes(b'picture')
    for folder, label in ((tmp_path / 'photos', ''), (tmp_path / 'photos' / 'mug', 'mug')):
        with pytest.raises(ValueError, match=r'contains no .*a\.heic is left out: HEIC'):
            import_folder(dataset, folder, label)


@pytest.mark.parametrize('label', ['unknown', 'CON', '-rf', 'Cup', 'cup.'])
def test_labels_that_cannot_be_imported(tmp_path, dataset, label):
    dataset.add(picture(), 'cup', 0)
    (tmp_path / 'photos' / label).mkdir(parents=True)
    for seed in range(3):
        cv2.imwrite(str(tmp_path / 'photos' / label / f'{seed}.png'), picture(seed))
    result = import_folder(dataset, tmp_path / 'photos')
    assert (result.stored, result.complete) == (0, False)
    (problem,) = result.problems
    assert problem.startswith(f'{label}/0.png, {label}/1.png and {label}/2.png are left out: ')
    with pytest.raises(ValueError, match='label'):
        import_folder(dataset, tmp_path / 'photos' / label, label)
    assert dataset.counts() == {'cup': 1}


def test_import_another_dataset(tmp_path, dataset):
    with Dataset.open(tmp_path, 'other') as other:
        given = other.add(picture(), 'mug', 17, '/camera')
    dataset.add(picture(1), 'cup', 17, '/camera')
    assert import_folder(dataset, given.path.parents[1]) == ImportResult(1)
    taken = dataset.frames()[1]
    assert (taken.label, taken.stamp_ns, taken.topic) == ('mug', 17, '/camera')
    assert taken.sha256 == given.sha256


def test_import_a_folder_without_labels(dataset, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), picture())
    (tmp_path / 'data2').mkdir()
    with pytest.raises(ValueError, match='contains no subfolders with pictures'):
        import_folder(dataset, tmp_path / 'data2')
    with pytest.raises(FileNotFoundError, match='none cannot be read'):
        import_folder(dataset, tmp_path / 'none')


def test_an_import_that_exceeds_the_quota(tmp_path, folder):
    with Dataset.open(tmp_path, 'small', quota_bytes=400) as dataset:
        with pytest.raises(QuotaError, match='small is full'):
            import_folder(dataset, folder)
        assert len(dataset.frames()) == 1
        assert damaged(dataset) == []


@pytest.mark.parametrize('storage', list(StoragePlugin))
def test_import_a_bag_of_raw_images(tmp_path, dataset, storage):
    images = [picture(seed) for seed in range(3)]
    messages = [('/image', raw(seed * SECOND, image, 'bgr8')) for seed, image in enumerate(images)]
    bag = write_bag(tmp_path / 'bag', messages, storage)
    assert import_bag(dataset, bag, 'mug') == ImportResult(3)
    for frame, image in zip(dataset.frames(), images, strict=True):
        np.testing.assert_array_equal(read_image(frame.path), image)
    # A stamp of zero means that the camera did not say, so it is the time of the recording.
    assert [frame.stamp_ns for frame in dataset.frames()] == [
        900 * SECOND, SECOND, 2 * SECOND
    ]  # fmt: skip
    assert {(frame.label, frame.topic) for frame in dataset.frames()} == {('mug', '/image')}


def test_import_a_bag_again(tmp_path, dataset):
    messages = [('/image', raw(seed + 1, picture(seed), 'bgr8')) for seed in range(3)]
    bag = write_bag(tmp_path / 'bag', messages)
    progress = []
    report = lambda *done: progress.append(done)  # noqa: E731
    assert import_bag(dataset, bag, 'mug', on_progress=report) == ImportResult(3)
    assert progress == [(0, 3), (1, 3), (2, 3)]
    dataset.delete('mug', newest_only=True)
    assert import_bag(dataset, bag, 'mug') == ImportResult(1, 2)
    assert import_bag(dataset, bag, 'cup') == ImportResult(3)


def test_deep_images(tmp_path, dataset):
    deep = picture(0, (6, 8)).astype('>u2') * 257
    message = raw(1, deep.view(np.uint8), 'mono16')
    message.width, message.is_bigendian = 8, 1
    bag = write_bag(tmp_path / 'bag', [('/image', message)])
    assert import_bag(dataset, bag, 'mug') == ImportResult(1)
    found = read_image(dataset.frames()[0].path)
    np.testing.assert_array_equal(found, np.dstack([scale_to_8_bits(deep)] * 3))


@pytest.mark.parametrize('padding', [0, 5])
def test_encodings_and_rows_with_padding(tmp_path, dataset, padding):
    bgr, grey = picture(), picture(1, (6, 8))
    bgra = np.dstack([bgr, grey])
    messages = [
        raw(1, bgr, 'bgr8', padding),
        raw(2, bgr[..., ::-1], 'rgb8', padding),
        raw(3, bgra, 'bgra8', padding),
        raw(4, bgra[..., [2, 1, 0, 3]], 'rgba8', padding),
        raw(5, grey, 'mono8', padding),
    ]
    bag = write_bag(tmp_path / 'bag', [('/image', message) for message in messages])
    assert import_bag(dataset, bag, 'mug') == ImportResult(5)
    found = [read_image(frame.path) for frame in dataset.frames()]
    for image in found[:4]:
        np.testing.assert_array_equal(image, bgr)
    np.testing.assert_array_equal(found[4], np.dstack([grey] * 3))


def test_compressed_images_and_bad_ones(tmp_path, dataset):
    png = cv2.imencode('.png', picture())[1].tobytes()
    short = raw(4, picture(), 'bgr8')
    short.data = short.data[:-1]
    messages = [compressed(1, png), compressed(2, png[:-20]), compressed(3, b'nothing')]
    bag = write_bag(tmp_path / 'bag', [('/image', message) for message in messages])
    result = import_bag(dataset, bag, 'mug')
    assert result.stored == 1
    problems = result.problems
    np.testing.assert_array_equal(read_image(dataset.frames()[0].path), picture())
    assert [problem.partition(': ')[0] for problem in problems] == [f'1 images of {bag}'] * 2
    assert 'the compressed image is truncated' in problems[0]
    assert 'the compressed image is not an image' in problems[1]
    messages = [short, raw(5, picture(), 'cmyk'), raw(6, picture(), 'cmyk')]
    bag = write_bag(tmp_path / 'second', [('/image', message) for message in messages])
    result = import_bag(dataset, bag, 'mug')
    assert result.stored == 0
    problems = result.problems
    assert problems[0] == (
        f"1 images of {bag}: the data is truncated: 143 bytes, expected 144 for 8 x 6 'bgr8' "
        'with step 24'
    )
    assert problems[1].startswith(
        f"2 images of {bag}: encoding 'cmyk' is not supported; supported are "
    )


def test_the_maximum_rate(tmp_path, dataset):
    stamps = [SECOND * 10 + number * SECOND // 30 for number in range(31)]
    messages = [('/image', raw(stamp, picture(), 'bgr8')) for stamp in stamps]
    import_bag(dataset, write_bag(tmp_path / 'bag', messages), 'mug', max_rate_hz=5.0)
    taken = [frame.stamp_ns for frame in dataset.frames()]
    assert taken == [stamps[number] for number in (0, 6, 12, 18, 24, 30)]


def test_the_topic_must_be_unambiguous(tmp_path, dataset):
    messages = [('/left', raw(1, picture(0), 'bgr8')), ('/right', raw(1, picture(1), 'bgr8'))]
    bag = write_bag(tmp_path / 'bag', messages)
    with pytest.raises(ValueError, match='several topics; choose one of: /left, /right'):
        import_bag(dataset, bag, 'mug')
    with pytest.raises(ValueError, match='no images on /up; choose one of: /left, /right'):
        import_bag(dataset, bag, 'mug', topic='/up')
    assert import_bag(dataset, bag, 'mug', topic='/right') == ImportResult(1)
    np.testing.assert_array_equal(read_image(dataset.frames()[0].path), picture(1))


def test_files_that_are_not_bags(tmp_path, dataset):
    with pytest.raises(FileNotFoundError, match=r'bag .* does not exist'):
        import_bag(dataset, tmp_path / 'none', 'mug')
    (tmp_path / 'text.bag').write_text('hello')
    with pytest.raises(ValueError, match='cannot be read as a bag'):
        import_bag(dataset, tmp_path / 'text.bag', 'mug')
    with pytest.raises(ValueError, match='cannot be the name of a label'):
        import_bag(dataset, tmp_path / 'none', '../mug')


@pytest.mark.parametrize('storage', list(StoragePlugin))
@pytest.mark.parametrize('share', [0.0, 0.3, 0.7, 0.98])
def test_a_truncated_bag(tmp_path, dataset, storage, share):
    messages = [('/image', raw(seed + 1, picture(seed), 'bgr8')) for seed in range(50)]
    bag = write_bag(tmp_path / 'bag', messages, storage)
    (file,) = (path for path in bag.iterdir() if path.name != 'metadata.yaml')
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match='cannot be read as a bag'):
        import_bag(dataset, bag, 'mug')
    assert damaged(dataset) == []


def test_without_rosbags(tmp_path, dataset, monkeypatch):
    monkeypatch.setitem(sys.modules, 'rosbags.rosbag2', None)
    with pytest.raises(ImportError, match='needs the Python package rosbags'):
        import_bag(dataset, tmp_path, 'mug')


def test_export(tmp_path, dataset):
    dataset.add(picture(0), 'Tasse für Tee', 5, '/camera')
    dataset.add(picture(1), 'кружка', 6, '/camera')
    path = tmp_path / 'out.zip'
    path.write_bytes(b'an older file')
    assert export_zip(dataset.folder, path) == 2
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / 'there')
    there, here = read_frames(tmp_path / 'there' / 'kitchen'), read_frames(dataset.folder)
    assert there.problems == ()
    assert there.sha256 == here.sha256
    assert (tmp_path / 'there/kitchen' / MANIFEST).exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ['data', 'out.zip', 'there']


def test_an_export_to_a_full_disk(tmp_path, dataset, largest_file):
    dataset.add(picture(0, (64, 64, 3)), 'mug', 5)
    with largest_file(1000), pytest.raises(OSError, match=r'cannot be exported to .*too large'):
        export_zip(dataset.folder, tmp_path / 'out.zip')
    assert [path.name for path in tmp_path.iterdir()] == ['data']
    with pytest.raises(FileNotFoundError, match='cannot be exported'):
        export_zip(dataset.folder, tmp_path / 'none' / 'out.zip')
