"""
Tag sounds with model.onnx, the file beside this program, second by second.

pip install numpy onnxruntime soundfile
python use_onnx.py SOUND...
"""

import json
from pathlib import Path
import sys

import numpy as np
import onnxruntime
import soundfile

session = onnxruntime.InferenceSession(Path(__file__).with_name('model.onnx'))
labels = json.loads(session.get_modelmeta().custom_metadata_map['labels'])
length = session.get_inputs()[0].shape[1]
for file in sys.argv[1:]:
    channels, rate = soundfile.read(file, dtype='float32', always_2d=True)
    if rate != 16000:
        sys.exit(f'{file} has {rate} samples a second; convert it to 16000 first')
    sound = channels.mean(axis=1)
    sound = np.pad(sound, (0, -len(sound) % length))  # whole windows
    for second, window in enumerate(sound.reshape(-1, length)):
        scores = session.run(None, {'sounds': window[None]})[0][0]  # a probability for each label
        best = np.argsort(-scores)[:5]
        tags = [{'label': labels[at], 'score': round(float(scores[at]), 6)} for at in best]
        print(json.dumps({'file': file, 'start_s': second, 'tags': tags}))
