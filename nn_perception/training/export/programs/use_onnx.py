"""
Tag pictures with model.onnx, the file beside this program.

pip install numpy onnxruntime pillow
python use_onnx.py PICTURE...
"""

import json
from pathlib import Path
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(Path(__file__).with_name('model.onnx'))
labels = json.loads(session.get_modelmeta().custom_metadata_map['labels'])
for file in sys.argv[1:]:
    with Image.open(file) as picture:
        image = np.asarray(ImageOps.exif_transpose(picture).convert('RGB'))  # H x W x 3, uint8
    scores = session.run(None, {'images': image[None]})[0][0]  # a probability for each label
    best = np.argsort(-scores)[:5]
    tags = [{'label': labels[at], 'score': round(float(scores[at]), 6)} for at in best]
    print(json.dumps({'file': file, 'tags': tags}))
