"""Photographs, videos, bags and webcams of this machine as cameras of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
import re
import threading

from nn_perception.bags.bag import Bag
from nn_perception.bags.bag import SUFFIXES as BAG_SUFFIXES
from nn_perception.bags.metadata import METADATA
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.sources.open_frames import open_frames
from nn_perception.sources.photographs import photographs_in, PhotographSource
from nn_perception.sources.stream import scheme_of
from nn_perception.sources.webcam import is_webcam
from nn_perception.studio.backend.cameras import CameraInfo, CameraListener
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.local.played_camera import CameraSource, PlayedCamera
from nn_perception.studio.viewer.feed import FeedWatch

DEVICES = Path('/dev')
SYSTEM_DEVICES = Path('/sys/class/video4linux')
_DEVICE = re.compile(r'video\d+', re.ASCII)
# Image topics of one bag that become cameras.
MAX_TOPICS = 32


class PlayedCameras:
    """
    Sources of this machine as cameras; nothing is played while nobody looks.

    :param perception: processes their frames
    :param sources: lists what there is now
    """

    def __init__(
        self, perception: Perception, sources: Callable[[], Sequence[CameraSource]]
    ) -> None:
        self._perception = perception
        self._sources = sources
        self._lock = threading.Lock()
        self._cameras: dict[str, PlayedCamera] = {}

    def list(self) -> Sequence[CameraInfo]:
        """List the cameras that exist now."""
        return [source.info for source in self._sources()]

    def watch(
        self, camera: str, capabilities: frozenset[str], listener: CameraListener
    ) -> FeedWatch:
        """
        Receive the images of a camera, and what is found in them.

        :raises ValueError: if there is no such camera
        """
        return self._camera(camera).feed.watch(capabilities, listener)

    def silence_reason(self, camera: str) -> str:
        """Say why no image arrives; empty if images arrive or nothing is known."""
        try:
            return self._camera(camera).problem
        except ValueError as error:
            return str(error)

    def close(self) -> None:
        """Stop all cameras."""
        with self._lock:
            cameras = list(self._cameras.values())
            self._cameras.clear()
        for camera in cameras:
            camera.close()

    def _camera(self, name: str) -> PlayedCamera:
        sources = {source.info.id: source for source in self._sources()}
        with self._lock:
            # What is gone and watched by nobody needs no memory.
            for gone in self._cameras.keys() - sources.keys():
                if self._cameras[gone].feed.demand is None:
                    del self._cameras[gone]
            if name not in self._cameras:
                if name not in sources:
                    raise ValueError(f'there is no camera {name} any more')
                self._cameras[name] = PlayedCamera(sources[name], self._perception)
            return self._cameras[name]


class LocalCameras(PlayedCameras):
    """
    The samples, the webcams of this machine, and files that the user names.

    :param perception: processes their frames
    :param files: photographs, folders, videos, bags or URLs of streams
    :raises OSError: if a bag cannot be read
    :raises ValueError: if a bag is damaged or has no images
    :raises ImportError: if there is a bag, and the package rosbags is not installed
    """

    def __init__(self, perception: Perception, files: Sequence[str] = ()) -> None:
        fixed = [one for file in files for one in file_sources(file, file)] + sample_sources()
        super().__init__(perception, lambda: [*fixed, *webcam_sources()])


def sample_sources() -> list[CameraSource]:
    """List the samples that ship with the package."""
    found = []
    photographs = [
        *photographs_in(SAMPLES_FOLDER),
        *(photographs_in(SAMPLES_FOLDER / 'digits') if SAMPLES_FOLDER.is_dir() else ()),
    ]
    if photographs:
        info = CameraInfo('samples:photographs', 'Sample photographs', 'samples')
        found.append(CameraSource(info, partial(PhotographSource, photographs), photographs=True))
    clip = SAMPLES_FOLDER / 'people' / 'walking.mp4'
    if clip.is_file():
        info = CameraInfo('samples:people', 'Sample video with people', 'samples')
        found.append(CameraSource(info, partial(open_frames, clip)))
    return found


def webcam_sources() -> list[CameraSource]:
    """List the webcams that are plugged in."""
    found = []
    devices = (path for path in DEVICES.glob('video*') if _DEVICE.fullmatch(path.name))
    for path in sorted(devices, key=lambda path: int(path.name.removeprefix('video'))):
        # The further devices of a webcam carry no images.
        if _text_of(SYSTEM_DEVICES / path.name / 'index') not in ('', '0'):
            continue
        name = _text_of(SYSTEM_DEVICES / path.name / 'name')
        title = f'{name} ({path})' if name else f'Webcam {path}'
        info = CameraInfo(str(path), title, 'webcam')
        found.append(CameraSource(info, partial(open_frames, str(path))))
    return found


def file_sources(file: str | Path, title: str) -> list[CameraSource]:
    """
    List what a file can be played as: a bag is a camera for each of its image topics.

    :param file: photograph, folder, video, bag or URL of a stream
    :param title: for people
    :raises OSError: if a bag cannot be read
    :raises ValueError: if a bag is damaged or has no images
    :raises ImportError: if it is a bag, and the package rosbags is not installed
    """
    path = Path(file).expanduser()
    if (path / METADATA).is_file() or (path.is_file() and path.suffix in BAG_SUFFIXES):
        return _bag_sources(path, title)
    is_photograph = path.is_dir() or isinstance(_opened(file), PhotographSource)
    kind = 'video'
    info = CameraInfo(f'file:{file}', title, kind)
    return [CameraSource(info, partial(open_frames, file), photographs=is_photograph)]


def _opened(file: str | Path) -> object:
    """
    Open a source once, to see what it is; None for what must be connected to.

    :raises OSError: if it cannot be read
    :raises ValueError: if it cannot be played
    """
    if is_webcam(str(file)) or scheme_of(str(file)):
        return None
    source = open_frames(file)
    source.close()
    return source


def _bag_sources(path: Path, title: str) -> list[CameraSource]:
    with Bag(path) as bag:
        topics = bag.image_topics
        if not topics:
            bag.choose_topic()
    return [
        CameraSource(
            CameraInfo(f'bag:{path}:{topic}', f'{title}, {topic}', 'bag'),
            partial(open_frames, path, topic),
        )
        for topic in topics[:MAX_TOPICS]
    ]


def _text_of(path: Path) -> str:
    try:
        return path.read_text('utf-8', 'replace').strip()
    except OSError:
        return ''
