"""Where a bag comes from: what tells bags apart, and what those that were made here say of it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from nn_perception.bags.bag import custom_data, read_metadata

# Of the metadata of a bag that was made here.
CUSTOM_KEY = 'nn_perception'
# Changing a bag changes its first or last part: an index, a header or a length is there.
FINGERPRINT_BYTES = 1_000_000


def made_here(folder: Path) -> dict[str, Any] | None:
    """Read what a bag says of how it was made here; None if it was not."""
    try:
        made = json.loads(custom_data(read_metadata(folder))[CUSTOM_KEY])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return made if isinstance(made, dict) and {'identity', 'summary'} <= made.keys() else None


def fingerprint(path: Path) -> dict[str, Any]:
    """
    Tell bags apart without reading all of them.

    :returns: size and a hash of the first and the last part of each file
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
