"""Run several sequences of steps side by side in one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import time

Condition = Callable[[], bool]
Script = Iterator[Condition]


def after(seconds: float, or_when: Condition = lambda: False) -> Condition:
    """Return a condition that holds after some time, or earlier when another one holds."""
    due = time.monotonic() + seconds
    return lambda: time.monotonic() >= due or or_when()


class ScriptRunner:
    """
    Run scripts: generators that yield the condition they wait for.

    ``yield after(2.0)`` waits for a time, ``yield process_has_exited`` for a condition.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Script, Condition]] = []
        self._count = 0

    def __len__(self) -> int:
        """Count the scripts that have not finished."""
        return self._count

    def start(self, script: Script) -> None:
        """Run a script to its first condition; :meth:`step` runs the rest."""
        self._count += 1
        self._advance(script)

    def step(self) -> None:
        """Continue every script whose condition holds."""
        waiting, self._waiting = self._waiting, []
        for script, condition in waiting:
            if condition():
                self._advance(script)
            else:
                self._waiting.append((script, condition))

    def _advance(self, script: Script) -> None:
        try:
            self._waiting.append((script, next(script)))
        except StopIteration:
            self._count -= 1
