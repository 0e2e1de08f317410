"""
List the labelled pictures of a dataset, without unpacking it.

pip install pillow
python use_dataset.py DATASET.zip
"""

import io
import json
from pathlib import PurePosixPath
import sys
import zipfile

from PIL import Image

with zipfile.ZipFile(sys.argv[1]) as archive:
    (manifest,) = (name for name in archive.namelist() if name.endswith('/manifest.jsonl'))
    for line in archive.read(manifest).decode().splitlines():
        entry = json.loads(line)  # file, label, stamp in nanoseconds, topic and sha256
        name = PurePosixPath(manifest).parent / entry['file']
        with Image.open(io.BytesIO(archive.read(str(name)))) as picture:
            print(json.dumps({**entry, 'size': picture.size}))
