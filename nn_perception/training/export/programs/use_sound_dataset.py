"""
List the labelled clips of a dataset of sounds, without unpacking it.

python use_dataset.py DATASET.zip
"""

import io
import json
from pathlib import PurePosixPath
import sys
import wave
import zipfile

with zipfile.ZipFile(sys.argv[1]) as archive:
    (manifest,) = (name for name in archive.namelist() if name.endswith('/manifest.jsonl'))
    for line in archive.read(manifest).decode().splitlines():
        entry = json.loads(line)  # file, label, stamp in nanoseconds, topic, sha256, recording
        name = PurePosixPath(manifest).parent / entry['file']
        with wave.open(io.BytesIO(archive.read(str(name)))) as clip:
            print(json.dumps({**entry, 'seconds': clip.getnframes() / clip.getframerate()}))
