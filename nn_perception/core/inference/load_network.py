"""Build the network of a checkpoint and load its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nn_perception.core.inference.checkpoint import (
    Checkpoint,
    LOGITS,
    MEASURED_PREFIX,
    MULTI_LAYER,
    OUT_OF_DISTRIBUTION_PREFIX,
)
from nn_perception.core.networks.build import build, remove_head

if TYPE_CHECKING:
    from torch import nn


def load_network(checkpoint: Checkpoint) -> nn.Module:
    """
    Build the network of a checkpoint and load its weights, ready for inference.

    :raises OSError: if the checkpoint cannot be read
    :raises ValueError: if the weights do not match the network, or the output is an embedding and
        the network has none
    """
    import torch

    network = build(
        checkpoint.network,
        len(checkpoint.labels),
        input_size=checkpoint.preprocessing.input_shape[-1],
        definition=checkpoint.definition,
    )
    if checkpoint.features == MULTI_LAYER:
        network.use_multi_layer_features()  # type: ignore[operator]
    skipped: tuple[str, ...] = (OUT_OF_DISTRIBUTION_PREFIX, MEASURED_PREFIX)
    if checkpoint.output != LOGITS:
        remove_head(network, checkpoint.head_layer)
        skipped = (*skipped, f'{checkpoint.head_layer}.')
    # Some networks need the version numbers that their own state dict carries.
    state = network.state_dict()
    state.clear()
    for name, values in checkpoint.weights().items():
        if not name.startswith(skipped):
            state[name] = torch.from_numpy(values)
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as error:
        # The first line names only the class; the others name tensors.
        details = str(error).splitlines()[1:] or [str(error)]
        raise ValueError(
            f'{checkpoint.path} does not match the network {checkpoint.network}: '
            + details[0].strip()[:300]
        ) from error
    return network.eval()
