"""The texts in the zip file of an exported model."""

from __future__ import annotations

from nn_perception.capabilities.tagging.out_of_distribution import REFERENCES, UNKNOWN
from nn_perception.core.inference.checkpoint import Checkpoint

README = """\
{title}

{what}.
It has {count} labels, which labels.txt lists, one per line, in the order of the scores.

model.onnx               the network, with its preprocessing and its labels, for ONNX Runtime
use_onnx.py              tags pictures with it; needs numpy, onnxruntime and pillow
checkpoint.safetensors   the weights, for the package nn_perception and its ROS 2 nodes
use_checkpoint.py        tags pictures with it; needs nn_perception
labels.txt               the labels

    pip install numpy onnxruntime pillow
    python use_onnx.py PICTURE...

    nn_perception tag --model checkpoint.safetensors PICTURE...
    ros2 run nn_perception tagger --ros-args -p model:=$PWD/checkpoint.safetensors

model.onnx takes images as a camera gives them:
    images   uint8, N x H x W x 3, red first, of any height and width
    scores   float32, N x {count}, a probability for each label; they sum to 1
{unknown}
Version: {version}
Licence of the weights: {licence}
Source of the weights: {source}
"""
UNKNOWN_LABEL = """
The last label, 'unknown', has the score that an image is unlike all training frames.
"""


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
    origin = checkpoint.fine_tuned_from
    return README.format(
        title=f'{checkpoint.title}\n{"=" * len(checkpoint.title)}',
        what=f'A classifier of images, fine-tuned from {origin}' if origin else 'A classifier',
        count=len(labels_of(checkpoint)),
        unknown=UNKNOWN_LABEL if _has_unknown(checkpoint) else '',
        version=checkpoint.version,
        licence=checkpoint.licence or 'not stated',
        source=checkpoint.source or 'not stated',
    )


def _has_unknown(checkpoint: Checkpoint) -> bool:
    return bool(checkpoint.fine_tuned_from) and REFERENCES in checkpoint.weights()
