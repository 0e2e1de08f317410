"""
Tag sounds with checkpoint.safetensors, the file beside this program, second by second.

It needs the package nn_perception; "nn_perception sound --model FILE SOUND..." does more.
python use_checkpoint.py SOUND...
"""

import json
from pathlib import Path
import sys

from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.core.audio.sound_files import read_sound
import numpy as np

tagger = SoundTagger.open(str(Path(__file__).with_name('checkpoint.safetensors')))
for file in sys.argv[1:]:
    sound = read_sound(file)  # of any kind, rate and number of channels
    sound = np.pad(sound, (0, -len(sound) % 16000))  # whole windows
    for second, scores in enumerate(tagger.scores_of(list(sound.reshape(-1, 16000)))):
        best = np.argsort(-scores)[:5]
        tags = [{'label': tagger.labels[at], 'score': round(float(scores[at]), 6)} for at in best]
        print(json.dumps({'file': file, 'start_s': second, 'tags': tags}))
