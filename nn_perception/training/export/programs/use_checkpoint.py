"""
Tag pictures with checkpoint.safetensors, the file beside this program.

It needs the package nn_perception; "nn_perception tag --model FILE PICTURE..." does the same.
python use_checkpoint.py PICTURE...
"""

import json
from pathlib import Path
import sys

from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.imaging.image_files import read_image

tagger = Tagger.open(str(Path(__file__).with_name('checkpoint.safetensors')))
for file in sys.argv[1:]:
    found = tagger.tag(read_image(file), top_k=5)
    tags = [{'label': tag.label, 'score': round(tag.score, 6)} for tag in found]
    print(json.dumps({'file': file, 'tags': tags}))
