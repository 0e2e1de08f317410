"""Videos and bags that a browser sends, as cameras of the page."""

from __future__ import annotations

from contextlib import ExitStack
import itertools
import os
from pathlib import Path
import shutil
import threading

from nn_perception.core.files.scratch import scratch_folder
from nn_perception.core.quoting import shortened
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.local.cameras import file_sources, PlayedCameras
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.local.played_camera import CameraSource

# Files that are there at a time; the oldest makes way for a new one.
MAX_FILES = 4
MAX_NAME = 60


class Uploads(PlayedCameras):
    """
    Files that a browser has sent; they are deleted when the page ends.

    :param perception: processes their frames
    """

    def __init__(self, perception: Perception) -> None:
        super().__init__(perception, self._listed)
        self._adding = threading.Lock()
        self._scratch = ExitStack()
        self._folder: Path | None = None
        self._files: dict[Path, list[CameraSource]] = {}
        self._numbers = itertools.count(1)

    def add(self, file: Path, name: str) -> list[CameraInfo]:
        """
        Take over a file, and play it as a camera.

        :param file: is moved away
        :param name: that it had for the user
        :returns: its cameras: a bag can have several
        :raises ValueError: if it cannot be played; the file is deleted then
        :raises OSError: if it cannot be stored
        """
        with self._adding:
            if self._folder is None:
                self._folder = self._scratch.enter_context(scratch_folder())
            number = next(self._numbers)
            suffix = Path(name).suffix.lower()
            own = self._folder / f'{number}{suffix if suffix[1:].isalnum() else ""}'[:20]
            shutil.move(file, own)
            try:
                sources = self._sources_of(own, number, shortened(Path(name).name, MAX_NAME))
            except (ValueError, OSError, ImportError) as error:
                own.unlink(missing_ok=True)
                # Nobody knows the name that the file has here.
                sentence = str(error).replace(str(own), shortened(Path(name).name, MAX_NAME))
                raise ValueError(sentence) from error
            self._files = {**self._files, own: sources}
            self._make_room()
            return [source.info for source in sources]

    def close(self) -> None:
        """Stop to play, and delete the files."""
        super().close()
        with self._adding:
            self._files = {}
            self._folder = None
            self._scratch.close()

    def _listed(self) -> list[CameraSource]:
        return [source for sources in self._files.values() for source in sources]

    def _sources_of(self, path: Path, number: int, title: str) -> list[CameraSource]:
        """
        List the cameras of a file, once each has shown that it has an image.

        :raises ValueError: if one has none
        :raises OSError: if the file cannot be read
        :raises ImportError: if the package rosbags is needed
        """
        found = []
        for index, source in enumerate(file_sources(path, title)):
            opened = source.open()
            try:
                if opened.read() is None:
                    raise ValueError(f'{title} has no image that can be read')
            finally:
                opened.close()
            name = CameraInfo(f'upload:{number}.{index}', source.info.title, source.info.kind)
            found.append(CameraSource(name, source.open, source.photographs))
        return found

    def _make_room(self) -> None:
        """Delete the oldest files; who still watches one sees it until its end."""
        while len(self._files) > MAX_FILES:
            oldest = next(iter(self._files))
            self._files = {path: one for path, one in self._files.items() if path != oldest}
            os.unlink(oldest)
