"""What the tests of images share: the memory that a call takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import tracemalloc

import pytest


@pytest.fixture
def allocated() -> Iterator[Callable[[], int]]:
    """Measure the most bytes that were allocated at a time."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
