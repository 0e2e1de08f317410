"""The network of a checkpoint, with its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nn_perception.core.inference.checkpoint import (
    Checkpoint,
    EVALUATED_HEAD_PREFIX,
    LOGITS,
    OUT_OF_DISTRIBUTION_PREFIX,
    STAGES,
)
from nn_perception.core.networks.build import build, remove_head

if TYPE_CHECKING:
    from torch import nn


def load_network(checkpoint: Checkpoint) -> nn.Module:
    """
    Build a checkpoint's network and give it its weights, ready for inference.

    :raises OSError: if the checkpoint cannot be read
    :raises ValueError: if network and weights do not fit each other, or an embedding is wanted of
        a network that has none
    """
    import torch

    network = build(
        checkpoint.network,
        len(checkpoint.labels),
        input_size=checkpoint.preprocessing.size,
    )
    if checkpoint.features == STAGES:
        network.use_stages()  # type: ignore[operator]
    others: tuple[str, ...] = (OUT_OF_DISTRIBUTION_PREFIX, EVALUATED_HEAD_PREFIX)
    if checkpoint.output != LOGITS:
        remove_head(network, checkpoint.head_layer)
        others = (*others, f'{checkpoint.head_layer}.')
    # Some networks need the versions that their own state carries beside the tensors.
    state = network.state_dict()
    state.clear()
    for name, values in checkpoint.weights().items():
        if not name.startswith(others):
            state[name] = torch.from_numpy(values)
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as error:
        # The first line names the class only; each further one names tensors.
        details = str(error).splitlines()[1:] or [str(error)]
        raise ValueError(
            f'{checkpoint.path} does not fit the network {checkpoint.network}: '
            + details[0].strip()[:300]
        ) from error
    return network.eval()
