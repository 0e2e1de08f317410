"""
Tag pictures with model.pt, the file beside this program.

pip install numpy pillow torch
python use_torchscript.py PICTURE...
"""

import json
from pathlib import Path
import sys

import numpy as np
from PIL import Image, ImageOps
import torch

files = {'labels.json': ''}
model = torch.jit.load(Path(__file__).with_name('model.pt'), _extra_files=files)
labels = json.loads(files['labels.json'])
for file in sys.argv[1:]:
    with Image.open(file) as picture:
        image = np.array(ImageOps.exif_transpose(picture).convert('RGB'))  # H x W x 3, uint8
    with torch.inference_mode():
        scores = model(torch.from_numpy(image)[None])[0]  # a probability for each label
    best = scores.argsort(descending=True)[:5].tolist()
    tags = [{'label': labels[at], 'score': round(float(scores[at]), 6)} for at in best]
    print(json.dumps({'file': file, 'tags': tags}))
