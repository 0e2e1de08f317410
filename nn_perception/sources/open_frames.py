"""Open a source of frames by its name."""

from __future__ import annotations

import os
from pathlib import Path
import re
import threading
from urllib.parse import unquote_to_bytes

from nn_perception.bags.bag import SUFFIXES as BAG_SUFFIXES
from nn_perception.bags.metadata import METADATA
from nn_perception.core.imaging.image_files import read_image
from nn_perception.sources.frame_source import FrameSource
from nn_perception.sources.live import StartReader
from nn_perception.sources.photographs import PHOTO_SUFFIXES, photographs_in, PhotographSource
from nn_perception.sources.recorded_bag import BagSource
from nn_perception.sources.stream import open_stream, scheme_of
from nn_perception.sources.video import open_video
from nn_perception.sources.webcam import is_webcam, open_webcam

MAX_NAMED = 3
_FILE_URL = re.compile(r'file:(?://([^/]*))?(/.*)', re.ASCII | re.IGNORECASE | re.DOTALL)


def open_frames(
    source: str | Path, bag_topic: str = '', start_reader: StartReader = threading.Thread.start
) -> FrameSource:
    """
    Open a source of frames.

    :param source: a folder of photographs, one photograph, a video file, a bag (its folder or
        file), a webcam by number (``0``) or device (``/dev/video0``), or the URL of a stream or
        file
    :param bag_topic: of a bag's images; may be empty if the bag has only one
    :param start_reader: starts the thread that reads a webcam or stream
    :raises ImportError: if it is a bag and the package rosbags is not installed
    :raises OSError: if it cannot be read
    :raises ValueError: if it contains no frames, with the reason
    """
    text = str(source)
    if is_webcam(text):
        return open_webcam(text, start_reader)
    path = Path(text).expanduser()
    if scheme_of(text) == 'file':
        path = _path_of(text)
    elif scheme_of(text) and not path.exists():
        return open_stream(text, start_reader)
    return _open_path(path, bag_topic)


def _path_of(url: str) -> Path:
    """
    Return the path of a ``file://`` URL.

    :raises ValueError: if the file is not on this computer
    """
    match = _FILE_URL.fullmatch(url)
    if match is None or (match[1] or 'localhost') != 'localhost':
        raise ValueError(f'{url} is not a file of this computer, which is file:///FOLDER/FILE')
    return Path(os.fsdecode(unquote_to_bytes(match[2])))


def _open_path(path: Path, bag_topic: str) -> FrameSource:
    if (path / METADATA).is_file() or (path.is_file() and path.suffix in BAG_SUFFIXES):
        return BagSource(path, bag_topic)
    if path.is_dir():
        return _open_folder(path, bag_topic)
    if not path.is_file():
        raise ValueError(_no_file(path))
    if path.suffix.lower() in PHOTO_SUFFIXES:
        return PhotographSource([path])
    try:
        return open_video(path)
    except ValueError as error:
        return _open_photograph(path, error)


def _open_photograph(path: Path, not_video: ValueError) -> PhotographSource:
    """
    Open a photograph whose name does not end like one.

    :param not_video: why it is not a video
    """
    try:
        read_image(path)
    except ValueError as error:
        raise ValueError(f'{not_video}, nor a photograph: {error}') from error
    return PhotographSource([path])


def _no_file(path: Path) -> str:
    """Say why there is nothing to open."""
    if path.exists():
        return f'{path} is a pipe or device, which cannot be played; give a file or a URL'
    if path.is_symlink():
        return f'{path} is a link to {path.readlink()}, which does not exist'
    if ' ! ' in str(path):
        return 'pipelines of GStreamer cannot be played; give the URL of a stream, or a webcam'
    return f'{path} is neither a folder, a file nor a webcam: there is nothing of that name'


def _open_folder(folder: Path, bag_topic: str) -> FrameSource:
    paths = photographs_in(folder)
    if paths:
        return PhotographSource(paths)
    others = sorted(path for path in folder.iterdir() if path.name[0] != '.')
    if any(path.suffix in BAG_SUFFIXES for path in others):
        # A bag without its metadata: the error says what to do about it.
        return BagSource(folder, bag_topic)
    kinds = ', '.join(sorted(PHOTO_SUFFIXES))
    text = f'{folder} contains no photographs ({kinds})'
    if others:
        names = ', '.join(str(path) for path in others[:MAX_NAMED])
        text += f'; a folder in it, or a video, is played if it is given itself: {names}'
    raise ValueError(text)
