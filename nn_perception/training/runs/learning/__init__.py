"""How a run learns: optimizers, steps, curves, snapshots, evaluations."""
