"""Where a bag comes from: fingerprints of bags, and the record in bags that were made here."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from nn_perception.bags.bag import custom_data, read_metadata

# In the metadata of a bag that was made here.
CUSTOM_KEY = 'nn_perception'
# A change anywhere in a bag changes its first or last part: the index, a header or a length.
FINGERPRINT_BYTES = 1_000_000


def made_here(folder: Path) -> dict[str, Any] | None:
    """Read the record of how a bag was made here; None if it was not."""
    try:
        made = json.loads(custom_data(read_metadata(folder))[CUSTOM_KEY])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return made if isinstance(made, dict) and {'identity', 'summary'} <= made.keys() else None


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
