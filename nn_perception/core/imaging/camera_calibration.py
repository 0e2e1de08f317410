"""Camera calibration files, as written by the ROS package camera_calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_MATRICES = {
    'k': ('camera_matrix', 9),
    'r': ('rectification_matrix', 9),
    'p': ('projection_matrix', 12),
}

# The width and height of an image message have 32 bits; no camera has as many pixels.
_MAX_SIDE_PX = 1_000_000


def uncalibrated(width: int, height: int) -> dict[str, Any]:
    """Return the fields of an uncalibrated camera: only its size in pixels is known."""
    return {'width': width, 'height': height}


def read_calibration(path: str | Path) -> dict[str, Any]:
    """
    Read a calibration file (YAML).

    :returns: the fields of sensor_msgs/CameraInfo: ``width`` and ``height`` in pixels,
        ``distortion_model``, ``d``, and ``k``, ``r``, ``p`` in row-major order
    :raises ValueError: if a field is missing or has the wrong length
    :raises OSError: if the file cannot be read
    """
    path = Path(path).expanduser()
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        fields: dict[str, Any] = {
            'width': _side(content, 'image_width'),
            'height': _side(content, 'image_height'),
            'distortion_model': str(content['distortion_model']),
            'd': [float(v) for v in content['distortion_coefficients']['data']],
        }
        for field, (name, length) in _MATRICES.items():
            fields[field] = [float(v) for v in content[name]['data']]
            if len(fields[field]) != length:
                raise ValueError(f'{name} has {len(fields[field])} values, expected {length}')
    except KeyError as error:
        raise ValueError(f'{path} is not a camera calibration file: {error} is missing') from error
    except (yaml.YAMLError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f'{path} is not a camera calibration file') from error
    except ValueError as error:
        raise ValueError(f'{path} is not a camera calibration file: {error}') from error
    return fields


def _side(content: dict[str, Any], name: str) -> int:
    """
    Read the width or height of the images.

    :raises ValueError: if it is not a number of pixels
    """
    value = content[name]
    if not isinstance(value, (int, float)) or not 1 <= value <= _MAX_SIDE_PX:
        raise ValueError(f'{name} is {value!r}, expected a number of pixels')
    return int(value)
