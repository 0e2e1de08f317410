#!/usr/bin/env python3
"""
Run everything on this machine: a camera and a microphone that play the samples, nodes, the page.

Each is a process of its own, as on a robot; Ctrl-C ends them all. The page shows what the nodes
find; what is taught on it is what the taggers run a moment later. Where launch files can be used,
``studio.launch.py``, ``sound_tagger.launch.py`` and ``sound_fine_tuner.launch.py`` do the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser

from nn_perception.benchmark.discovery import stay_on_this_machine
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.ros.process.main import prepare_process
from nn_perception.ros.process.node_process import end_process, node_command
from nn_perception.ros.process.signals import stop_requested, watch_signals
from nn_perception.studio.options import DEFAULT_HOST, DEFAULT_PORT
from nn_perception.studio.requirement import check_nicegui

NODES = ('tagger', 'digit_reader', 'pose_estimator', 'fine_tuner')
POLL_S = 0.2
REQUEST_TIMEOUT_S = 1.0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--source',
        default=str(SAMPLES_FOLDER),
        help='folder, video, bag or webcam that the camera plays (default: the samples)',
    )
    parser.add_argument(
        '--rate',
        type=float,
        default=0.0,
        help='frames per second; 0: the original timing, or one photograph (default: %(default)s)',
    )
    parser.add_argument(
        '--sounds',
        default='',
        help='sound file, folder or microphone that is played (default: the sample words)',
    )
    parser.add_argument(
        '--port', type=int, default=DEFAULT_PORT, help='TCP port (default: %(default)s)'
    )
    parser.add_argument('--open', action='store_true', help='open the page in the browser')
    return parser.parse_args()


def check_port(port: int) -> None:
    """
    Check that the page can have its port, before all the others are started.

    :raises OSError: if somebody else has it
    """
    try:
        socket.create_server((DEFAULT_HOST, port)).close()
    except OSError as error:
        raise OSError(
            f'port {port} cannot be used: {os.strerror(error.errno)}; try --port'
        ) from error


def start(
    executable: str, parameters: Mapping[str, object], ros_args: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start a node in a process of its own."""
    return subprocess.Popen(node_command(executable, parameters, ros_args))


def start_all(arguments: argparse.Namespace) -> dict[str, subprocess.Popen[bytes]]:
    """Start the camera, the microphone, the nodes, and the page."""
    camera = {'source': arguments.source, 'rate': arguments.rate, 'wait_for_subscriber': True}
    composed = ('-p', f'nodes:=[{", ".join(NODES)}]', '-p', 'tagger:model:=store:taught')
    return {
        'studio': start('studio', {'port': arguments.port, 'model': 'store:taught'}),
        'perception': start('perception', {}, composed),
        'camera_source': start('camera_source', camera),
        'sound_tagger': start('sound_tagger', {'model': 'store:sounds', 'min_score': 0.0}),
        'sound_fine_tuner': start('sound_fine_tuner', {}),
        'sound_source': start(
            'sound_source', {'source': arguments.sounds, 'wait_for_subscriber': True}
        ),
    }


def answers(address: str) -> bool:
    """Tell whether the page is there."""
    try:
        with urllib.request.urlopen(address, timeout=REQUEST_TIMEOUT_S):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def run(arguments: argparse.Namespace, processes: Mapping[str, subprocess.Popen[bytes]]) -> int:
    """Wait until a signal, or until the page or the nodes have ended."""
    address = f'http://localhost:{arguments.port}/'
    shown = False
    while not stop_requested():
        for name, process in processes.items():
            if process.poll() is not None:
                say(f'{name} has ended with status {process.returncode}')
                return 1
        if not shown and answers(address):
            shown = True
            say(f'The page is at {address}; Ctrl-C ends everything.')
            if arguments.open:
                webbrowser.open(address)
        time.sleep(POLL_S)
    return 0


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def main() -> int:
    """Run everything until Ctrl-C; status 1 if something ends before."""
    arguments = parse_arguments()
    try:
        check_nicegui()
        check_port(arguments.port)
    except (RuntimeError, OSError) as error:
        say(str(error))
        return 2
    stay_on_this_machine()
    watch_signals()
    prepare_process()
    say(
        'Starting a camera and a microphone that play the samples, taggers of images and sounds, '
        'a digit reader, a pose estimator, fine tuners, and the page. The first start exports the '
        'networks, which takes some seconds.'
    )
    processes = start_all(arguments)
    try:
        status = run(arguments, processes)
    finally:
        statuses = {name: end_process(process) for name, process in processes.items()}
    if any(statuses.values()):
        say(f'the processes ended with {statuses}')
        return 1
    return status


if __name__ == '__main__':
    sys.exit(main())
