"""Keep the number of versions of a model within a limit."""

from __future__ import annotations

from nn_perception.training.model_store.store import ModelStore
from nn_perception.training.model_store.version import version_names


def limit_versions(store: ModelStore, name: str, limit: int) -> list[str]:
    """
    Delete the oldest versions while there are more than a limit.

    The active version and the one that was active before it stay in any case.

    :param limit: maximum number of versions; 0 for no limit
    :returns: why versions could not be deleted, in words; empty if nothing went wrong. The newest
        version is usable in any case, so it is only a warning
    """
    # Two of those that stay in any case may be older than the newest ones.
    for keep in range(limit, max(0, limit - 3), -1):
        if len(version_names(store.root / name)) <= limit:
            break
        try:
            store.prune(name, keep)
        except OSError as error:
            return [f'old versions cannot be deleted: {error}']
    return []
