"""
Serve the page without ROS for the tests of the view Teach: ``teach_server FOLDER PORT``.

The camera shows ``FOLDER/camera.png``, which the test may replace.
"""

from __future__ import annotations

import logging
from pathlib import Path
import signal
import sys
import threading
from types import SimpleNamespace

import cv2
from nn_perception.studio.local.camera_recording import RecordedCameras
from nn_perception.studio.local.fine_tuning import LocalFineTuning, LocalFineTuningOptions
from nn_perception.studio.options import StudioOptions
from nn_perception.studio.server import StudioServer
from nn_perception.studio.studio import Studio
import numpy as np
from still_camera import StillCameras

GREY = np.full((120, 160, 3), 128, np.uint8)


def main() -> None:
    """Serve until the process is told to end; the address is the first line."""
    logging.basicConfig(level='WARNING')
    folder, port = Path(sys.argv[1]), int(sys.argv[2])

    def image() -> np.ndarray:
        found = cv2.imread(str(folder / 'camera.png'))
        return GREY.copy() if found is None else found

    cameras = StillCameras(image)
    options = LocalFineTuningOptions(datasets=folder / 'datasets', models=folder / 'models')
    fine_tuning = LocalFineTuning(RecordedCameras(cameras), options)
    backend = SimpleNamespace(
        title='a test',
        cameras=cameras,
        capabilities=SimpleNamespace(status=lambda: ()),
        fine_tuning=fine_tuning,
        close=fine_tuning.close,
    )
    server = StudioServer(Studio(backend, StudioOptions(port=port)))
    server.start()
    sys.stdout.write(f'{server.url}\n')
    sys.stdout.flush()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    server.stop()
    backend.close()
    cameras.close()


if __name__ == '__main__':
    main()
