"""The features of the frames of a dataset: from the cache, or computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.datasets.embeddings import (
    Embedder,
    embedding_key,
    EmbeddingCache,
    FrameFeatures,
)
from nn_perception.training.datasets.labelled_frames import hash_file, LabelledFrame
from nn_perception.training.datasets.left_out import Failures

# An interrupted training costs at most the features of so many frames.
BATCH = 256


def load_features(
    frames: Sequence[LabelledFrame],
    model: Checkpoint,
    cache: EmbeddingCache | None = None,
    on_progress: Callable[[float], None] = lambda _: None,
) -> tuple[dict[str, FrameFeatures], list[str]]:
    """
    Load the features of frames from the cache, and compute the missing ones.

    :param model: network that computes the embeddings, see :class:`Embedder`
    :param cache: its embeddings; gets the new ones. By default in the package's cache folder
    :param on_progress: gets the finished share of the work, in ``[0, 1]``
    :returns: features by the hash of the frame's file, without frames that cannot be used; and
        which frames are left out and why, and other problems, a sentence for each reason
    :raises OSError, ValueError, RuntimeError: if the network cannot be loaded or run
    """
    cache = cache or EmbeddingCache.of(embedding_key(model))
    failures = Failures(': left out')
    usable = [frame for frame in frames if _is_unchanged(frame, failures)]
    found, problems = {}, []
    try:
        found = cache.load({frame.sha256 for frame in usable})
    except OSError as error:
        problems.append(f'the cached embeddings cannot be read: {error}')
    on_progress(0.0)
    missing = [frame for frame in usable if frame.sha256 not in found]
    unsaved = ''
    for computed in _compute(missing, model, failures, on_progress):
        found |= computed
        try:
            cache.add({} if unsaved else computed)
        except OSError as error:
            unsaved = f'the embeddings cannot be cached: {error}'
    return found, [*problems, *failures.sentences(), *([unsaved] if unsaved else [])]


def _compute(
    frames: Sequence[LabelledFrame],
    model: Checkpoint,
    failures: Failures,
    on_progress: Callable[[float], None],
) -> Iterator[dict[str, FrameFeatures]]:
    """Compute features, some frames at a time; report those that cannot be read."""
    if not frames:
        return
    embedder = Embedder.open(model, RunOptions(device='cpu'))
    try:
        for start in range(0, len(frames), BATCH):
            found = {}
            for index, frame in enumerate(frames[start : start + BATCH], start):
                on_progress(index / len(frames))
                try:
                    found[frame.sha256] = embedder.features(embedder.medium.read(frame.path))
                except (OSError, ValueError) as error:
                    failures.add(frame.path, str(error).removeprefix(f'{frame.path} '))
            yield found
    finally:
        embedder.close()


def _is_unchanged(frame: LabelledFrame, failures: Failures) -> bool:
    """Tell whether the bytes of a frame's file are as they were stored; report it if not."""
    try:
        if hash_file(frame.path) == frame.sha256:
            return True
        reason = 'has changed since it was stored'
    except FileNotFoundError:
        reason = 'does not exist any more'
    except OSError as error:
        reason = f'cannot be read ({error.strerror})'
    failures.add(frame.path, reason)
    return False
