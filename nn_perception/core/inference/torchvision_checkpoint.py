"""
Create the checkpoint of a torchvision model, in a separate process.

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
from nn_perception.core.inference.checkpoint import CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.networks.build import AUXILIARY_HEADS, KEYPOINT_RCNN, TORCHVISION_PREFIX

LICENCE = 'see torchvision: the licence of weights is not stated by model'


def create_checkpoint(name: str, path: Path) -> None:
    """
    Write a checkpoint with the default weights, labels and preprocessing of a model.

    :param name: name of a classification model, or Keypoint R-CNN
    :raises ValueError: if the file of the weights is damaged, or not the published one
    :raises OSError: if the weights cannot be downloaded or the checkpoint cannot be written
    """
    # A downloaded state dict is a pickle; this makes torch reject everything in it but tensors.
    os.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'
    import torchvision  # type: ignore[import-untyped, unused-ignore]

    weights = torchvision.models.get_model_weights(name).DEFAULT
    network = _load(name, weights)
    if TORCHVISION_PREFIX + name == KEYPOINT_RCNN:
        _write_keypoint_rcnn(path, network, weights)
        return
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


def preprocessing_of(transforms: Any) -> Preprocessing:
    """
    Convert the preprocessing of torchvision, which resizes the short side and crops the centre.

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


def _load(name: str, weights: Any) -> Any:
    """
    Load a model with its weights.

    :raises OSError: if the weights cannot be downloaded
    :raises ValueError: if they are damaged, or are not the published ones
    """
    import pickle

    import torch
    import torchvision

    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    file = folder / weights.url.rsplit('/', 1)[1]
    # torch compares the hash of what it downloads, and loads what is there without looking.
    if file.exists():
        check_published(file)
    try:
        return torchvision.models.get_model(name, weights=weights, progress=False)
    except (URLError, ConnectionError, TimeoutError) as error:
        reason = getattr(error, 'reason', error)
        raise OSError(
            f"the weights of '{name}' cannot be downloaded ({reason}); without a network, put "
            f'the file {file.name} from {weights.url} into {folder}'
        ) from error
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise ValueError(f'the weights in {file} are not usable ({_first_line(error)})') from error


def check_published(file: Path) -> None:
    """
    Check that a file is the published one, before anything reads its content.

    :param file: its name ends with the start of its hash, the convention of torch hub
    :raises ValueError: if it has another hash
    """
    start = file.stem.rsplit('-', 1)[-1]
    if not hashlib.sha256(file.read_bytes()).hexdigest().startswith(start):
        raise ValueError(
            f'the weights in {file} are not usable: they differ from the published file of this '
            'name, whose hash is another one; delete the file, and it is downloaded again'
        )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def main(arguments: list[str]) -> int:
    """Run the command line; return its exit status."""
    name, out = arguments
    try:
        create_checkpoint(name, Path(out))
    except ModuleNotFoundError as error:
        sys.stderr.write(f"\n'{name}' needs the Python package {error.name}, which is missing\n")
        return 1
    except (OSError, ValueError) as error:
        sys.stderr.write(f'\n{" ".join(str(error).split())}\n')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
