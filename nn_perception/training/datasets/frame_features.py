"""What teaching wants to know of each frame: from the cache, or computed now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.datasets.embeddings import Embedder, EmbeddingCache, FrameFeatures
from nn_perception.training.datasets.labelled_frames import hash_file, Sample


def gather_features(
    samples: Sequence[Sample],
    base: str,
    cache: EmbeddingCache,
    *,
    warnings: list[str],
    tell: Callable[[float], None],
) -> dict[str, FrameFeatures]:
    """
    Get the features of all frames that can be read.

    :param base: the network, see :func:`nn_perception.core.inference.model_zoo.find_checkpoint`
    :param cache: of its embeddings; gets the new ones
    :param warnings: gets a sentence for each frame that is left out
    :param tell: told how far it is, in ``[0, 1]``
    :returns: features by the hash of the frame's file
    :raises RuntimeError: if the network cannot be run
    """
    known = _load(cache, warnings)
    found: dict[str, FrameFeatures] = {}
    missing = []
    for sample in samples:
        fault = _fault(sample)
        if fault:
            warnings.append(f'{fault}: left out')
        elif sample.sha256 in known:
            found[sample.sha256] = known[sample.sha256]
        else:
            missing.append(sample)
    tell(0.0)
    if missing:
        new = _compute(missing, base, warnings, tell)
        found |= new
        try:
            cache.add(new)
        except OSError as error:
            warnings.append(f'the embeddings are not kept for the next time: {error}')
    return found


def _compute(
    samples: Sequence[Sample], base: str, warnings: list[str], tell: Callable[[float], None]
) -> dict[str, FrameFeatures]:
    embedder = Embedder.open(base, RunOptions(device='cpu'))
    found = {}
    for place, sample in enumerate(samples):
        tell(place / len(samples))
        try:
            found[sample.sha256] = embedder.features(read_image(sample.path))
        except (OSError, ValueError) as error:
            warnings.append(f'{error}: left out')
    embedder.close()
    return found


def _load(cache: EmbeddingCache, warnings: list[str]) -> dict[str, FrameFeatures]:
    try:
        return cache.load()
    except OSError as error:
        warnings.append(f'the cache of embeddings cannot be read: {error}')
        return {}


def _fault(sample: Sample) -> str:
    """Say why a frame cannot be used; empty if it can, as far as its bytes tell."""
    try:
        if hash_file(sample.path) != sample.sha256:
            return f'{sample.path} was changed since it was stored'
    except FileNotFoundError:
        return f'{sample.path} is gone'
    except OSError as error:
        return f'{sample.path} cannot be read ({error.strerror})'
    return ''
