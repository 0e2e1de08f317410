"""Open a source of frames by its name."""

from __future__ import annotations

from pathlib import Path

from nn_perception.bags.bag import SUFFIXES as BAG_SUFFIXES
from nn_perception.bags.metadata import METADATA
from nn_perception.sources.frame_source import FrameSource
from nn_perception.sources.photographs import PHOTO_SUFFIXES, photographs_in, PhotographSource
from nn_perception.sources.recorded_bag import BagSource
from nn_perception.sources.video import open_video
from nn_perception.sources.webcam import is_webcam, open_webcam


def open_frames(source: str | Path, bag_topic: str = '') -> FrameSource:
    """
    Open a source of frames.

    :param source: a folder of photographs, one photograph, a video file, a bag (its folder or
        file), or a webcam by number (``0``) or device (``/dev/video0``)
    :param bag_topic: of a bag's images; may be empty if the bag has only one
    :raises ImportError: if it is a bag and the package rosbags is not installed
    :raises OSError: if it cannot be read
    :raises ValueError: if it contains no frames, with the reason
    """
    if is_webcam(str(source)):
        return open_webcam(str(source))
    path = Path(source).expanduser()
    if (path / METADATA).is_file() or (path.is_file() and path.suffix in BAG_SUFFIXES):
        return BagSource(path, bag_topic)
    if path.is_dir():
        return _open_folder(path, bag_topic)
    if not path.is_file():
        raise ValueError(f'{path} is neither a folder, a file nor a webcam')
    if path.suffix.lower() in PHOTO_SUFFIXES:
        return PhotographSource([path])
    return open_video(path)


def _open_folder(folder: Path, bag_topic: str) -> FrameSource:
    paths = photographs_in(folder)
    if not paths and any(path.suffix in BAG_SUFFIXES for path in folder.iterdir()):
        # A bag without its metadata: the error says what to do about it.
        return BagSource(folder, bag_topic)
    if not paths:
        kinds = ', '.join(sorted(PHOTO_SUFFIXES))
        raise ValueError(f'{folder} contains no photographs ({kinds})')
    return PhotographSource(paths)
