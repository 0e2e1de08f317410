"""How a run learns: optimisers, steps, curves, snapshots, evaluations."""
