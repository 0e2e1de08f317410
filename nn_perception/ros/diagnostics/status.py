"""The state of something, as diagnostics report it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

# Without an image, or a sound, for this long, the diagnostics warn.
SILENT_AFTER_S = 3.0


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


def not_active(name: str, state: str) -> Status:
    """
    Say how a lifecycle node that is not active becomes active.

    :param name: fully qualified name of the node
    :param state: label of its state: ``'unconfigured'`` or ``'inactive'``
    """
    steps = ('configure', 'activate') if state == 'unconfigured' else ('activate',)
    commands = ' && '.join(f'ros2 lifecycle set {name} {step}' for step in steps)
    return Status('warn', f'not active; run {commands}')
