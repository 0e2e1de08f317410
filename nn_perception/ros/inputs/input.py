"""What a node subscribes to."""

from __future__ import annotations

from typing import Protocol


class Input(Protocol):
    """Something that a node subscribes to while it is active and enabled."""

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""

    def close(self) -> None:
        """Unsubscribe; does nothing if it is closed."""

    def refresh(self) -> None:
        """Adapt to changed publishers; called once a second."""
