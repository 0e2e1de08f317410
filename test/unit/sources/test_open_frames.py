"""Which source of frames a name stands for, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import shutil
import socket
import tempfile
import time
from typing import Any

import cv2
from nn_perception.sources.open_frames import open_frames
from nn_perception.sources.photographs import PhotographSource
from nn_perception.sources.video import VideoSource
import numpy as np
from patience import stretched
import pytest
from videos import greys, write_avi

MAKE = Callable[..., np.ndarray]


def names_of(source: Any) -> list[str]:
    return [frame.name for frame in iter(source.read, None)]


@pytest.fixture
def shared_memory() -> Iterator[Path]:
    """Make a folder below /dev, in memory."""
    folder = Path(tempfile.mkdtemp(dir='/dev/shm'))
    yield folder
    shutil.rmtree(folder)


def test_what_lies_below_dev_is_not_always_a_webcam(
    shared_memory: Path, picture: MAKE, tmp_path: Path
) -> None:
    folder = shared_memory / 'pics'
    folder.mkdir()
    cv2.imwrite(str(folder / 'a.png'), picture())
    write_avi(shared_memory / 'clip.avi', greys(3))
    (tmp_path / 'link').symlink_to(folder)
    (shared_memory / 'link.avi').symlink_to(shared_memory / 'clip.avi')
    for name in (folder, folder / 'a.png', tmp_path / 'link', f'{folder}/', f'file://{folder}'):
        source = open_frames(name)
        assert isinstance(source, PhotographSource), name
        assert names_of(source) == ['a.png']
        assert source.ended
    for name in ('clip.avi', 'link.avi'):
        source = open_frames(shared_memory / name)
        assert isinstance(source, VideoSource)
        assert names_of(source) == [f'{name}#{i}' for i in (1, 2, 3)]
        assert source.ended


def test_the_case_of_a_folder_in_shared_memory(cases: Path, shared_memory: Path) -> None:
    copy = shutil.copytree(cases / '07_dev_shm_is_no_webcam' / 'pics', shared_memory / 'pics')
    assert names_of(open_frames(copy)) == ['base.jpg']


@pytest.mark.parametrize(
    'name',
    ['10:30.avi', 'a#b.avi', 'a%20b.avi', '%03d.avi', 'x².avi', '٣.avi', 'a?b.avi', '2024.avi'],
)
def test_names_of_videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    write_avi(tmp_path / name, greys(2))
    monkeypatch.chdir(tmp_path)
    for source in (name, tmp_path / name):
        assert names_of(open_frames(source)) == [f'{name}#1', f'{name}#2']


def test_urls_of_files(tmp_path: Path, picture: MAKE) -> None:
    folder = tmp_path / 'my pics #1 ²'
    folder.mkdir()
    cv2.imwrite(str(folder / 'a.png'), picture())
    url = folder.as_uri()
    assert '%20' in url
    for source in (
        url,
        url.replace('file://', 'file://localhost'),
        url.replace('file://', 'FILE:'),
    ):
        assert names_of(open_frames(source)) == ['a.png']
    write_avi(tmp_path / '100%.avi', greys(2))
    assert names_of(open_frames(f'file://{tmp_path}/100%.avi')) == ['100%.avi#1', '100%.avi#2']
    with pytest.raises(
        ValueError, match='is not a file of this computer, which is file:///FOLDER'
    ):
        open_frames('file://robot/clip.avi')


def test_a_photograph_whose_name_does_not_say_so(tmp_path: Path, picture: MAKE) -> None:
    path = tmp_path / 'photograph'
    path.write_bytes(cv2.imencode('.png', picture())[1].tobytes())
    frame = open_frames(path).read()
    assert frame is not None
    np.testing.assert_array_equal(frame.image_bgr, picture())


def unusable(folder: Path) -> dict[str, str]:
    """Make what cannot be played; return what is said of each."""
    (folder / 'notes.txt').write_text('not a video')
    (folder / 'empty.mp4').touch()
    (folder / 'cut.png').write_bytes(b'broken')
    (folder / 'gone').symlink_to(folder / 'nowhere')
    (folder / 'none').mkdir()
    (folder / 'nested' / 'mugs').mkdir(parents=True)
    os.mkfifo(folder / 'pipe.mjpeg')
    socket.socket(socket.AF_UNIX).bind(str(folder / 'socket'))
    return {
        str(folder / 'none'): 'contains no photographs',
        str(folder / 'nested'): f'is played if it is given itself: {folder}/nested/mugs',
        str(folder / 'absent'): 'is neither a folder, a file nor a webcam',
        str(folder / 'notes.txt'): 'is not a video that OpenCV can read, nor a photograph',
        str(folder / 'empty.mp4'): 'is empty',
        str(folder / 'gone'): f'is a link to {folder}/nowhere, which does not exist',
        str(folder / 'pipe.mjpeg'): 'is a pipe or device, which cannot be played',
        str(folder / 'socket'): 'is a pipe or device, which cannot be played',
        '²': 'is neither a folder, a file nor a webcam',
        '1²': 'is neither a folder, a file nor a webcam',
        '٣': 'is neither a folder, a file nor a webcam',
        '99999999999999999999': 'is neither a folder, a file nor a webcam',
        '9999': 'webcam 9999 does not exist; there',
        '/dev/video77': 'webcam /dev/video77 does not exist; there',
        '/dev/v4l/by-id/usb-none': 'webcam /dev/v4l/by-id/usb-none does not exist; there',
        '/dev/null': '/dev/null is not a webcam',
        '/dev/zero': '/dev/zero is not a webcam',
        'v4l2src ! videoconvert ! appsink': 'pipelines of GStreamer cannot be played',
        'gopher://camera/': 'gopher: URLs of this kind cannot be played; .* rtsp://, .* file://',
        'rtsp:/camera/live': 'two slashes after the colon: rtsp://HOST/PATH',
        'rtsp:///live': 'the URL has no host',
        'http://camera:99999/': 'the URL cannot be read: Port out of range',
        'tcp://camera': 'the URL has no port',
        'concat:///etc/passwd': 'URLs of this kind cannot be played',
    }


def test_what_cannot_be_played_is_said_at_once(tmp_path: Path) -> None:
    for source, sentence in unusable(tmp_path).items():
        began_s = time.monotonic()
        with pytest.raises(ValueError, match=sentence):
            open_frames(source)
        assert time.monotonic() - began_s < stretched(1.0), source


def test_a_folder_whose_name_is_a_number_is_played_as_advised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: MAKE
) -> None:
    (tmp_path / '2024').mkdir()
    cv2.imwrite(str(tmp_path / '2024' / 'a.png'), picture())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r'of that name, write \./2024'):
        open_frames('2024')
    assert names_of(open_frames('./2024')) == ['a.png']


def test_a_webcam_that_is_not_permitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('nn_perception.sources.webcam.os.access', lambda *_: False)
    with pytest.raises(ValueError, match=r'may not be used by this user; its group is \w+: sudo'):
        open_frames('/dev/null')
