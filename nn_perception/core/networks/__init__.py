"""Networks as plain ``torch.nn.Module``s; ``build`` makes one by its name."""
