"""The metadata of bags: how a bag was made, and what identifies it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from nn_perception.bags.storage.files import BagError, open_regular
from nn_perception.bags.storage.plain_yaml import load_yaml

METADATA = 'metadata.yaml'
# Of the custom data in a bag that was made here.
RECORD_KEY = 'nn_perception'
# A change anywhere in a bag changes its first or last part: the index, a header or a length.
FINGERPRINT_BYTES = 1_000_000
# A recording of a week in 10,000 files needs 2 MB.
MAX_BYTES = 8_000_000


def read_metadata(path: Path) -> dict[str, Any]:
    """
    Read ``metadata.yaml`` of a bag; empty for a bag that is a single file.

    :returns: its values, all of them as texts
    :raises OSError: if it cannot be read
    :raises BagError: if it does not describe a bag
    """
    if not path.is_dir():
        return {}
    with open_regular(path / METADATA) as stream:
        content = stream.read(MAX_BYTES + 1)
    try:
        if len(content) > MAX_BYTES:
            raise BagError(f'it is larger than {MAX_BYTES // 1_000_000} MB')
        values = load_yaml(content.decode('utf-8-sig'))
        described = values.get('rosbag2_bagfile_information') if isinstance(values, dict) else None
        if not isinstance(described, dict):
            raise BagError('it has no rosbag2_bagfile_information')
    except UnicodeDecodeError as error:
        raise BagError(f'{METADATA} does not describe a bag: it is not UTF-8') from error
    except BagError as error:
        raise BagError(f'{METADATA} does not describe a bag: {error}') from error
    custom_data(described)
    return described


def custom_data(metadata: dict[str, Any]) -> dict[str, str]:
    """
    Return the texts that programs have stored in the metadata of a bag.

    :raises BagError: if they are no texts
    """
    kept = metadata.get('custom_data')
    if not isinstance(kept, dict):
        return {}
    if not all(isinstance(each, str | None) for each in (*kept, *kept.values())):
        raise BagError(f'custom_data in {METADATA} holds something else than texts')
    return {key or '': text or '' for key, text in kept.items()}


def entries_of(metadata: dict[str, Any], name: str) -> list[Any]:
    """Return a list of the metadata; empty if it is missing or something else."""
    entries = metadata.get(name)
    return entries if isinstance(entries, list) else []


def number_of(metadata: dict[str, Any], name: str) -> int | None:
    """Return a whole number of the metadata; None if it is missing or something else."""
    text = metadata.get(name)
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 20 else None


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
        with open_regular(file) as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            digest = hashlib.sha256(stream.read(FINGERPRINT_BYTES))
            stream.seek(max(0, size - FINGERPRINT_BYTES))
            digest.update(stream.read(FINGERPRINT_BYTES))
        prints[file.name] = [size, digest.hexdigest()]
    return prints
