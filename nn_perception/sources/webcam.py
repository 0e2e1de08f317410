"""Webcams as frames."""

from __future__ import annotations

import grp
import os
from pathlib import Path
import re
import stat
import threading

import cv2
from nn_perception.sources.captures import capture_device
from nn_perception.sources.live import LiveCamera, LiveSource, StartReader

DEVICES = Path('/dev')
# The names of webcams there, also while none is plugged in.
_DEVICE = re.compile(r'/dev/(video\d+|v4l/.+)', re.ASCII)
_NUMBER = re.compile(r'\d{1,4}', re.ASCII)
# A webcam skips single frames, for example when it changes its exposure.
PATIENCE_S = 1.0
# The major number of Video4Linux.
VIDEO_DEVICES = 81
LOST = 'it may be unplugged, or another program is using it'


def is_webcam(name: str) -> bool:
    """
    Tell whether a source is the number or the device of a webcam.

    Folders, files and links to them that lie in ``/dev``, such as those in ``/dev/shm``, are not.
    """
    if _NUMBER.fullmatch(name):
        return True
    path = Path(name).expanduser()
    try:
        return stat.S_ISCHR(path.stat().st_mode)
    except OSError:
        return bool(_DEVICE.fullmatch(name))


def open_webcam(name: str, start: StartReader = threading.Thread.start) -> LiveSource:
    """
    Open a webcam.

    :param name: its number or its device
    :param start: starts the thread that reads
    :raises ValueError: if there is no such webcam, or it is in use, or not permitted
    """
    device = int(name) if _NUMBER.fullmatch(name) else str(Path(name).expanduser())

    def open_capture() -> cv2.VideoCapture:
        capture = capture_device(device)
        if not capture.isOpened():
            raise ValueError(_reason(name))
        return capture

    return LiveSource(LiveCamera(f'webcam {name}', open_capture, LOST, PATIENCE_S), start)


def _reason(name: str) -> str:
    """Say why a webcam cannot be opened."""
    numbered = _NUMBER.fullmatch(name) is not None
    path = DEVICES / f'video{int(name)}' if numbered else Path(name).expanduser()
    if not path.exists():
        found = sorted(str(one) for one in DEVICES.glob('video*'))
        text = f'webcam {name} does not exist; ' + (
            f'there are {", ".join(found)}' if found else f'there is none in {DEVICES}'
        )
        if numbered and Path(name).exists():
            text += f'; to play the file or folder of that name, write ./{name}'
        return text
    if not os.access(path, os.R_OK | os.W_OK):
        return (
            f'webcam {name} may not be used by this user; its group is {_group(path)}: '
            f'sudo usermod --append --groups {_group(path)} $USER, then log in again'
        )
    if os.major(path.stat().st_rdev) != VIDEO_DEVICES:
        return f'{name} is not a webcam'
    return f'webcam {name} does not work as a camera, or another program is using it'


def _group(path: Path) -> str:
    group_id = path.stat().st_gid
    try:
        return grp.getgrgid(group_id).gr_name
    except KeyError:
        return str(group_id)
