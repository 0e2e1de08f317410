"""Camera calibration files, as the camera_calibration tools of ROS write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_MATRICES = {
    'k': ('camera_matrix', 9),
    'r': ('rectification_matrix', 9),
    'p': ('projection_matrix', 12),
}


def uncalibrated(width: int, height: int) -> dict[str, Any]:
    """Describe a camera of which only the size in pixels is known: ``k[0]`` is 0."""
    return {'width': width, 'height': height}


def read_calibration(path: str | Path) -> dict[str, Any]:
    """
    Read a calibration file (YAML).

    :returns: the fields of sensor_msgs/CameraInfo: ``width``, ``height`` in pixels,
        ``distortion_model``, ``d``, and ``k``, ``r``, ``p`` row by row
    :raises ValueError: if something is missing or has the wrong length
    :raises OSError: if the file cannot be read
    """
    path = Path(path).expanduser()
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        fields: dict[str, Any] = {
            'width': int(content['image_width']),
            'height': int(content['image_height']),
            'distortion_model': str(content['distortion_model']),
            'd': [float(v) for v in content['distortion_coefficients']['data']],
        }
        for field, (name, length) in _MATRICES.items():
            fields[field] = [float(v) for v in content[name]['data']]
            if len(fields[field]) != length:
                raise ValueError(f'{name} has {len(fields[field])} values, expected {length}')
    except KeyError as error:
        raise ValueError(f'{path} is no camera calibration: {error} is missing') from error
    except (yaml.YAMLError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f'{path} is no camera calibration file') from error
    except ValueError as error:
        raise ValueError(f'{path} is no camera calibration: {error}') from error
    return fields
