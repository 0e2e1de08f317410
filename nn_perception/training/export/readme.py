"""The texts in the zip file of an exported model."""

from __future__ import annotations

from nn_perception.capabilities.tagging.out_of_distribution import REFERENCES, UNKNOWN
from nn_perception.core.inference.checkpoint import Checkpoint

README = """\
{title}

{what}.
It has {count} labels, which labels.txt lists, one per line, in the order of the scores.

model.onnx               the network, with its preprocessing and its labels, for ONNX Runtime
use_onnx.py              tags {files} with it; needs numpy, onnxruntime and {package}
checkpoint.safetensors   the weights, for the package nn_perception and its ROS 2 nodes
use_checkpoint.py        tags {files} with it; needs nn_perception
labels.txt               the labels

    pip install numpy onnxruntime {package}
    python use_onnx.py {FILE}...

    nn_perception {verb} --model checkpoint.safetensors {FILE}...
    ros2 run nn_perception {node} --ros-args -p model:=$PWD/checkpoint.safetensors

{given}
    scores   float32, N x {count}, a probability for each label; they sum to 1
{unknown}
Version: {version}
Licence of the weights: {licence}
Source of the weights: {source}
"""
UNKNOWN_LABEL = """
The last label, 'unknown', has the score that {one} is unlike all training {items}.
"""
OF_IMAGES = {
    'files': 'pictures',
    'package': 'pillow',
    'FILE': 'PICTURE',
    'verb': 'tag',
    'node': 'tagger',
    'given': """\
model.onnx takes images as a camera gives them:
    images   uint8, N x H x W x 3, red first, of any height and width""",
}
OF_SOUNDS = {
    'files': 'sounds',
    'package': 'soundfile',
    'FILE': 'SOUND',
    'verb': 'sound',
    'node': 'sound_tagger',
    'given': """\
model.onnx takes sounds of one second, with one channel and 16000 samples a second:
    sounds   float32, N x 16000, from -1 to 1""",
}


def labels_of(checkpoint: Checkpoint) -> tuple[str, ...]:
    """
    Return the labels in the order of the scores, ``unknown`` included.

    :raises OSError, ValueError: if the checkpoint cannot be read, or has changed
    """
    return (*checkpoint.labels, UNKNOWN) if _has_unknown(checkpoint) else checkpoint.labels


def labels_text(checkpoint: Checkpoint) -> str:
    """Return the labels, one per line."""
    return ''.join(f'{label}\n' for label in labels_of(checkpoint))


def readme(checkpoint: Checkpoint) -> str:
    """Explain the files."""
    origin, hears = checkpoint.fine_tuned_from, checkpoint.hears
    one, items = ('a sound', 'clips') if hears else ('an image', 'frames')
    kind = 'sounds' if hears else 'images'
    unknown = UNKNOWN_LABEL.format(one=one, items=items)
    return README.format(
        **(OF_SOUNDS if hears else OF_IMAGES),
        title=f'{checkpoint.title}\n{"=" * len(checkpoint.title)}',
        what=f'A classifier of {kind}, fine-tuned from {origin}' if origin else 'A classifier',
        count=len(labels_of(checkpoint)),
        unknown=unknown if _has_unknown(checkpoint) else '',
        version=checkpoint.version,
        licence=checkpoint.licence or 'not stated',
        source=checkpoint.source or 'not stated',
    )


def _has_unknown(checkpoint: Checkpoint) -> bool:
    return bool(checkpoint.fine_tuned_from) and REFERENCES in checkpoint.weights()
