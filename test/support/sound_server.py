"""
Serve the page without ROS for the tests of the view Sound: ``sound_server FOLDER [SOUND...]``.

The sounds are files that the robot's microphones play.
"""

from __future__ import annotations

import logging
from pathlib import Path
import signal
import sys
import threading

from nn_perception.studio.local.backend import LocalBackend
from nn_perception.studio.local.fine_tuning import LocalFineTuningOptions
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.options import StudioOptions
from nn_perception.studio.server import StudioServer
from nn_perception.studio.studio import Studio


def main() -> None:
    """Serve until the process is told to end; the address is the first line."""
    logging.basicConfig(level='WARNING')
    folder, sounds = Path(sys.argv[1]), sys.argv[2:]
    options = LocalFineTuningOptions(datasets=folder / 'datasets', models=folder / 'models')
    backend = LocalBackend(Perception(), sounds, options)
    studio = Studio(backend, StudioOptions(port=0), backend.capabilities, hearing=backend.hearing)
    server = StudioServer(studio)
    server.start()
    sys.stdout.write(f'{server.url}\n')
    sys.stdout.flush()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    server.stop()
    backend.close()


if __name__ == '__main__':
    main()
