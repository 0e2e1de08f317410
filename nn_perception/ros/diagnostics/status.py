"""The state of something, as diagnostics report it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Status:
    """
    The state of something at one moment.

    :ivar level: ``'ok'``, ``'warn'`` or ``'error'``
    :ivar message: one sentence for a person
    :ivar values: further values by name
    """

    level: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    def with_values(self, values: Mapping[str, object]) -> Status:
        """Add values after the present ones."""
        return replace(self, values={**self.values, **values})
