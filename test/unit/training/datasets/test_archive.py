"""Zip files of pictures, also of strangers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import io
from pathlib import Path
import resource
import stat
import time
import zipfile

import cv2
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.transfer import export_zip, import_folder, import_zip
import numpy as np
import pytest


def png(seed: int = 0, shape: tuple[int, ...] = (6, 8, 3)) -> bytes:
    image = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return bytes(cv2.imencode('.png', image)[1])


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with Dataset.open(tmp_path / 'data', 'things') as opened:
        yield opened


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., Path]:
    def write(members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / 'packed.zip'
        with zipfile.ZipFile(path, 'w', how) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name), content, how)
        return path

    return write


def files_outside(folder: Path, dataset: Dataset) -> list[Path]:
    return [path for path in folder.rglob('*') if dataset.folder.parent not in path.parents]


def test_an_exported_dataset_comes_back(dataset: Dataset, tmp_path: Path) -> None:
    image = cv2.imdecode(np.frombuffer(png(), np.uint8), cv2.IMREAD_COLOR)
    dataset.add(image, 'a mug', 17)
    dataset.add(255 - image, 'plate', 18)
    export_zip(dataset.folder, tmp_path / 'out.zip')
    with Dataset.open(tmp_path / 'data', 'other') as other:
        result = import_zip(other, tmp_path / 'out.zip')
        assert (result.stored, result.present, result.problems) == (2, 0, [])
        assert other.counts() == {'a mug': 1, 'plate': 1}
        assert {frame.stamp_ns for frame in other.frames()} == {17, 18}
        again = import_zip(other, tmp_path / 'out.zip')
        assert (again.stored, again.present) == (0, 2)


def test_a_label_for_all(dataset: Dataset, pack: Callable[..., Path]) -> None:
    path = pack({'one.png': png(1), 'deep/er/two.PNG': png(2), 'readme.txt': b'words'})
    assert import_zip(dataset, path, 'mug').stored == 2
    assert dataset.counts() == {'mug': 2}


@pytest.mark.parametrize(
    'name',
    ['../../evil/a.png', '/etc/evil/a.png', 'mug/../../../a.png', '..\\..\\evil\\a.png',
     'C:\\evil\\a.png', 'mug/../a.png', './../evil/a.png'],
)  # fmt: skip
def test_no_path_leads_out(
    dataset: Dataset, pack: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    path = pack({name: png(1), 'mug/good.png': png(2)})
    before = files_outside(tmp_path, dataset)
    result = import_zip(dataset, path)
    assert result.stored == 1
    assert dataset.counts() == {'mug': 1}
    assert any('leads out of the archive' in problem for problem in result.problems)
    assert files_outside(tmp_path, dataset) == before
    assert import_zip(dataset, path, 'all').stored == 2  # the path names nothing then
    assert files_outside(tmp_path, dataset) == before


def test_links_and_odd_entries_are_left_out(
    dataset: Dataset, pack: Callable[..., Path], tmp_path: Path
) -> None:
    path = pack(
        {
            'mug/good.png': png(),
            'mug/no.png': b'not a picture',
            'a\x00b/null.png': png(3),
            '.hidden/a.png': png(4),
            '__MACOSX/mug/._good.png': b'x',
            'mug/.hidden.png': png(5),
            'mug/program.exe': b'MZ',
            'loose.png': png(6),
            '.': b'',
            '..': b'',
            '/': b'',
        }
    )
    with zipfile.ZipFile(path, 'a') as archive:
        link = zipfile.ZipInfo('mug/link.png')
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, '/etc/passwd')
    result = import_zip(dataset, path)
    assert dataset.counts() == {'mug': 1}
    problems = ' '.join(result.problems)
    for part in (
        'mug/no.png',
        'it is a link',
        'program.exe',
        'choose one with --label',
        '.hidden/',
    ):
        assert part in problems, problems


@pytest.mark.parametrize('how', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_left_out(
    dataset: Dataset, pack: Callable[..., Path], how: int
) -> None:
    """zipfile does not unpack them in parts."""
    (problem,) = import_zip(dataset, pack({'mug/a.png': png()}, how)).problems
    assert 'compressed in a way that is not supported' in problem


@pytest.mark.parametrize(
    'how',
    [
        zipfile.ZIP_DEFLATED,
        # Two seconds of compression each.
        pytest.param(zipfile.ZIP_BZIP2, marks=pytest.mark.long),
        pytest.param(zipfile.ZIP_LZMA, marks=pytest.mark.long),
    ],
)
def test_a_bomb_is_not_unpacked(dataset: Dataset, pack: Callable[..., Path], how: int) -> None:
    path = pack({'mug/good.png': png(), 'mug/bomb.bmp': bytes(300_000_000)}, how)
    before, start_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    with pytest.raises(ValueError, match='would unpack to 300'):
        import_zip(dataset, path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    assert time.thread_time() - start_s < 1.0
    assert dataset.counts() == {}


def test_a_claim_that_is_too_small_is_not_believed(
    dataset: Dataset, pack: Callable[..., Path]
) -> None:
    content = bytearray(pack({'mug/bomb.png': bytes(100_000_000)}).read_bytes())
    for start, offset in ((b'PK\x01\x02', 24), (b'PK\x03\x04', 22)):
        at = content.index(start) + offset
        content[at : at + 4] = (1000).to_bytes(4, 'little')
    path = dataset.folder.parent / 'small.zip'
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = import_zip(dataset, path)
    assert result.stored == 0
    assert len(result.problems) == 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_picture_that_is_too_large_is_left_out(
    dataset: Dataset, pack: Callable[..., Path]
) -> None:
    path = pack({'mug/a.png': bytes(65_000_000), 'mug/b.png': png()}, zipfile.ZIP_STORED)
    result = import_zip(dataset, path)
    assert result.stored == 1
    assert 'more than 64 MB' in result.problems[0]


def test_millions_of_entries_are_not_listed(tmp_path: Path, dataset: Dataset) -> None:
    entry = b'PK\x01\x02' + bytes(42)
    directory = entry * 500_000
    end = b'PK\x05\x06' + bytes(8) + len(directory).to_bytes(4, 'little') + bytes(6)
    path = tmp_path / 'many.zip'
    path.write_bytes(directory + end)
    with pytest.raises(ValueError, match='too many entries'):
        import_zip(dataset, path)


@pytest.mark.parametrize(
    'content',
    [b'', b'PK', b'just a text', b'PK\x05\x06' + bytes(18), b'PK\x05\x06' + b'\xff' * 18,
     b'PK\x06\x06' + b'\xff' * 52 + b'PK\x06\x07' + b'\xff' * 16 + b'PK\x05\x06' + b'\xff' * 18],
)  # fmt: skip
def test_what_is_no_zip_file(tmp_path: Path, dataset: Dataset, content: bytes) -> None:
    path = tmp_path / 'odd.zip'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=str(path)):
        import_zip(dataset, path)


@pytest.mark.parametrize('cut', [0.3, 0.6, 0.95])
def test_damaged_archives(
    dataset: Dataset, pack: Callable[..., Path], tmp_path: Path, cut: float
) -> None:
    path = pack({f'mug/{number}.png': png(number) for number in range(5)})
    content = path.read_bytes()
    path.write_bytes(content[: int(cut * len(content))])
    with pytest.raises(ValueError, match='zip file'):
        import_zip(dataset, path)
    damaged = bytearray(content)
    for at in range(60, 200):
        damaged[at] ^= 0x5A
    path.write_bytes(damaged)
    assert import_zip(dataset, path).problems


def test_an_encrypted_archive_has_a_sentence(dataset: Dataset, pack: Callable[..., Path]) -> None:
    content = bytearray(pack({'mug/a.png': png()}).read_bytes())
    content[content.index(b'PK\x01\x02') + 8] |= 1
    path = dataset.folder.parent / 'secret.zip'
    path.write_bytes(content)
    (problem,) = import_zip(dataset, path).problems
    assert 'encrypted' in problem


def test_the_same_pictures_as_a_folder(
    dataset: Dataset, pack: Callable[..., Path], tmp_path: Path
) -> None:
    members = {f'{label}/{n}.png': png(n) for n, label in enumerate(('mug', 'plate'))}
    for name, content in members.items():
        (tmp_path / 'folder' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'folder' / name).write_bytes(content)
    import_folder(dataset, tmp_path / 'folder')
    assert import_zip(dataset, pack(members)).present == 2
    assert (
        import_zip(dataset, pack({f'set/{name}': c for name, c in members.items()})).present == 2
    )


def test_a_nested_archive_is_not_opened(dataset: Dataset, pack: Callable[..., Path]) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, 'w') as archive:
        archive.writestr('mug/a.png', png())
    with pytest.raises(ValueError, match='contains no pictures'):
        import_zip(dataset, pack({'mug/inner.zip': inner.getvalue()}))


# Files of Teachable Machine, as it writes them.

PROJECT = b'{"type":"image","version":"2.4.10","appdata":{"publishResults":{},"trainEpochs":50}}'


def jpeg(seed: int, shape: tuple[int, ...] = (224, 224, 3)) -> bytes:
    image = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return bytes(cv2.imencode('.jpg', image)[1])


def test_a_project_of_teachable_machine(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / 'project.tm'
    with zipfile.ZipFile(path, 'w') as archive:
        for number in range(3):
            archive.writestr(f'Class 1-!-{number}.jpg', jpeg(number))
            archive.writestr(f'Moeda de 5-!-10 (ü)-!-{number}.jpg', jpeg(10 + number))
        archive.writestr('wide-!-0.png', png(20, (30, 90, 3)))
        archive.writestr('Cat? Dog!-!-0.jpg', jpeg(30))
        archive.writestr('left/right-!-0.jpg', jpeg(31))
        archive.writestr('../up-!-0.jpg', jpeg(32))
        archive.writestr('manifest.json', PROJECT)
    result = import_zip(dataset, path)
    # A name is cut at its last mark, since a class may be called anything.
    assert dataset.counts() == {'Class 1': 3, 'wide': 1}
    problems = ' '.join(result.problems)
    for name in ('Cat? Dog!', 'left/right', '../up', 'Moeda de 5-!-10 (ü)'):
        assert f'{name}-!-' in problems
    assert not result.complete
    assert 'manifest.json' not in problems
    shapes = {cv2.imread(str(frame.path)).shape for frame in dataset.frames()}
    assert shapes == {(224, 224, 3), (30, 90, 3)}
    assert import_zip(dataset, path).present == 4


def test_other_archives_may_have_such_names(dataset: Dataset, pack: Callable[..., Path]) -> None:
    path = pack({'mug/cup-!-0.png': png(1), 'plate-!-0.png': png(2)})
    assert import_zip(dataset, path).stored == 2
    assert dataset.counts() == {'mug': 1, 'plate': 1}


@pytest.mark.parametrize('name', ['Class 1-samples.zip', 'Class 1-samples (2).ZIP'])
def test_the_samples_of_a_class(dataset: Dataset, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with zipfile.ZipFile(path, 'w') as archive:
        for number in range(3):
            archive.writestr(f'{number}.jpg', jpeg(number))
    assert import_zip(dataset, path).stored == 3
    assert import_zip(dataset, path, 'mug').stored == 3
    assert dataset.counts() == {'Class 1': 3, 'mug': 3}
    other = path.rename(tmp_path / 'samples.zip')
    assert 'choose one with --label' in ' '.join(import_zip(dataset, other).problems)


@pytest.mark.parametrize(
    ('manifest', 'words'),
    [
        (PROJECT.replace(b'image', b'audio'), "it is a project of the type 'audio'"),
        (b'[', 'contains no pictures'),
        (b'[1]', 'contains no pictures'),
        (b'7', 'contains no pictures'),
        (b' ' * 2_000_000, 'contains no pictures'),
    ],
)
def test_a_project_without_pictures(
    dataset: Dataset, pack: Callable[..., Path], manifest: bytes, words: str
) -> None:
    path = pack({'Background-!-0.webm': b'x', 'manifest.json': manifest})
    with pytest.raises(ValueError, match=words):
        import_zip(dataset, path)
    assert dataset.counts() == {}
