"""
Networks that are defined by data.

A definition is a JSON object, never code::

    {"input": [1, 28, 28],
     "layers": [{"type": "conv", "filters": 6, "kernel": 5, "padding": 2, "activation": "relu"},
                {"type": "max_pool", "size": 2},
                {"type": "flatten"},
                {"type": "linear", "units": 10}]}

``definition.parse`` checks one, ``presets`` has some, ``memory.check_size`` says whether it is too
large, and ``defined_network.DefinedNetwork`` builds it; only this one imports torch.
"""
