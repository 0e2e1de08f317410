"""
Make a checkpoint of one of torchvision's models, in a process of its own.

``python -m nn_perception.core.inference.torchvision_checkpoint NAME OUT`` downloads the weights,
unless torch already has them, and writes the checkpoint OUT. If it fails, the last line on
standard error says why.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
import sys
from typing import Any
from urllib.error import URLError

from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference.checkpoint import CheckpointMetadata, write_checkpoint
from nn_perception.core.networks.build import AUXILIARY_HEADS, KEYPOINT_RCNN, TORCHVISION_PREFIX

LICENCE = 'see torchvision: the licence of weights is not stated by model'


def make_checkpoint(name: str, path: Path) -> str:
    """
    Write a checkpoint with a model's default weights, labels and preprocessing.

    :param name: one of torchvision's classification models, or Keypoint R-CNN
    :returns: a warning, or an empty text
    :raises ValueError: if its file of weights is damaged
    :raises OSError: if the weights cannot be downloaded, or the checkpoint not written
    """
    # torchvision loads a state dict as a pickle; this makes torch refuse all but tensors in it.
    os.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'
    import torchvision  # type: ignore[import-untyped, unused-ignore]

    weights = torchvision.models.get_model_weights(name).DEFAULT
    network, warning = _load(name, weights)
    if TORCHVISION_PREFIX + name == KEYPOINT_RCNN:
        _write_keypoint_rcnn(path, network, weights)
        return warning
    write_checkpoint(
        path,
        {
            key: value.numpy()
            for key, value in network.state_dict().items()
            if not key.startswith(AUXILIARY_HEADS)
        },
        CheckpointMetadata(
            network=TORCHVISION_PREFIX + name,
            labels=weights.meta['categories'],
            preprocessing=preprocessing_of(weights.transforms()),
            version=str(weights),
            licence=LICENCE,
            source=weights.url,
        ),
    )
    return warning


def preprocessing_of(transforms: Any) -> Preprocessing:
    """
    Translate torchvision's preset: its short side is resized, then the centre is cut out.

    :param transforms: a ``torchvision.transforms._presets.ImageClassification``
    """
    (size,) = transforms.crop_size[:1]
    (short_side,) = transforms.resize_size[:1]
    red, green, blue = (255.0 * value for value in transforms.mean)
    mean = (red, green, blue)
    red, green, blue = (255.0 * value for value in transforms.std)
    return Preprocessing(
        size=size,
        crop=min(1.0, size / short_side),
        interpolation='cubic' if transforms.interpolation.value == 'bicubic' else 'linear',
        mean=mean,
        std=(red, green, blue),
    )


def _write_keypoint_rcnn(path: Path, network: Any, weights: Any) -> None:
    """Write the checkpoint of :mod:`nn_perception.core.networks.keypoint_rcnn`."""
    write_checkpoint(
        path,
        {f'detector.{key}': value.numpy() for key, value in network.state_dict().items()},
        CheckpointMetadata(
            network=KEYPOINT_RCNN,
            labels=(),
            preprocessing=Preprocessing(
                size=800, crop=1.0, interpolation='linear', mean=(0.0,) * 3, std=(255.0,) * 3
            ),
            version=str(weights),
            licence=LICENCE,
            source=weights.url,
            head='',
        ),
    )


def _load(name: str, weights: Any) -> tuple[Any, str]:
    """Build torchvision's model with its weights, or say what to do; and give a warning."""
    import pickle

    import torch
    import torchvision

    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    file = folder / weights.url.rsplit('/', 1)[1]
    was_there = file.exists()
    try:
        network = torchvision.models.get_model(name, weights=weights, progress=False)
    except (URLError, ConnectionError, TimeoutError) as error:
        reason = getattr(error, 'reason', error)
        raise OSError(
            f"the weights of '{name}' cannot be downloaded ({reason}); without a network, put "
            f'the file {file.name} from {weights.url} into {folder}'
        ) from error
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise ValueError(f'the weights in {file} are not usable ({_first_line(error)})') from error
    if was_there and not _hash_fits(file):
        return (
            network,
            f'{file} is not the file that was published under this name: its hash differs',
        )
    return network, ''


def _hash_fits(file: Path) -> bool:
    """Tell whether the hash of a file begins as its name ends, torch hub's convention."""
    start = file.stem.rsplit('-', 1)[-1]
    return hashlib.sha256(file.read_bytes()).hexdigest().startswith(start)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def main(arguments: list[str]) -> int:
    """Make a checkpoint as the command line says."""
    name, out = arguments
    try:
        warning = make_checkpoint(name, Path(out))
    except ModuleNotFoundError as error:
        sys.stderr.write(f"\n'{name}' needs the Python package {error.name}, which is missing\n")
        return 1
    except (OSError, ValueError) as error:
        sys.stderr.write(f'\n{" ".join(str(error).split())}\n')
        return 1
    sys.stdout.write(f'\n{warning}\n')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
