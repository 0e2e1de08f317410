"""The sentences of rejections."""

from __future__ import annotations

from collections.abc import Callable

import pytest

LONGEST_REASON = 300


def reason_of(rejected: Callable[[], object]) -> str:
    """Return the sentence of a rejection: one line of bounded length."""
    with pytest.raises(ValueError) as caught:
        rejected()
    assert type(caught.value) is ValueError
    reason = str(caught.value)
    assert reason.isprintable()
    assert 10 < len(reason) <= LONGEST_REASON
    assert not reason.endswith('.')
    return reason
