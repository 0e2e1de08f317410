"""Durations of the last steps."""

from __future__ import annotations

from dataclasses import dataclass

# Weight of the last step in the mean.
NEWEST = 0.1


@dataclass
class Meters:
    """
    Exponential means of the last steps.

    :param forward_ms: duration of a forward pass
    :param backward_ms: duration of a backward pass and the update
    :param step_s: duration of a step with everything
    :param samples: of a step
    :param l2_loss: what weight decay adds to the loss
    """

    forward_ms: float = 0.0
    backward_ms: float = 0.0
    step_s: float = 0.0
    samples: float = 0.0
    l2_loss: float = 0.0

    def add(self, forward_ms: float, backward_ms: float, step_s: float, samples: int) -> None:
        """Add a step."""
        share = NEWEST if self.step_s else 1.0
        self.forward_ms += share * (forward_ms - self.forward_ms)
        self.backward_ms += share * (backward_ms - self.backward_ms)
        self.step_s += share * (step_s - self.step_s)
        self.samples += share * (samples - self.samples)

    @property
    def examples_per_s(self) -> float:
        """Examples in a second."""
        return self.samples / self.step_s if self.step_s else 0.0
