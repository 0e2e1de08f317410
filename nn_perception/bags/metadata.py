"""The metadata of bags: how a bag was made, and what identifies it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import yaml

METADATA = 'metadata.yaml'
# Of the custom data in a bag that was made here.
RECORD_KEY = 'nn_perception'
# A change anywhere in a bag changes its first or last part: the index, a header or a length.
FINGERPRINT_BYTES = 1_000_000


def read_metadata(path: Path) -> dict[str, Any]:
    """
    Read ``metadata.yaml`` of a bag; empty for a bag that is a single file.

    :raises OSError: if it cannot be read
    :raises ValueError: if it does not describe a bag
    """
    if not path.is_dir():
        return {}
    try:
        content = yaml.safe_load((path / METADATA).read_text(encoding='utf-8'))
        return dict(content['rosbag2_bagfile_information'])
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path / METADATA} does not describe a bag') from error


def custom_data(metadata: dict[str, Any]) -> dict[str, str]:
    """Return the texts that programs have stored in the metadata of a bag."""
    kept = metadata.get('custom_data')
    return {str(k): str(v) for k, v in kept.items()} if isinstance(kept, dict) else {}


def record_of(folder: Path) -> dict[str, Any] | None:
    """
    Read the record of how a bag was made here.

    :returns: ``identity`` and ``summary`` of an annotation; None if the bag was not made here
    """
    try:
        record = json.loads(custom_data(read_metadata(folder))[RECORD_KEY])
    except (OSError, ValueError, KeyError):
        return None
    whole = isinstance(record, dict) and {'identity', 'summary'} <= record.keys()
    return record if whole else None


def fingerprint(path: Path) -> dict[str, Any]:
    """
    Identify a bag without reading all of it.

    :returns: for each file, its size and a hash of its first and last part
    :raises OSError: if it cannot be read
    """
    files = sorted(f for f in path.iterdir() if f.is_file()) if path.is_dir() else [path]
    prints = {}
    for file in files:
        with open(file, 'rb') as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            digest = hashlib.sha256(stream.read(FINGERPRINT_BYTES))
            stream.seek(max(0, size - FINGERPRINT_BYTES))
            digest.update(stream.read(FINGERPRINT_BYTES))
        prints[file.name] = [size, digest.hexdigest()]
    return prints
