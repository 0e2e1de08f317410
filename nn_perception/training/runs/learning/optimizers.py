"""The optimizers of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nn_perception.training.runs.records import Rates
import torch
from torch import nn, optim
from torch.optim import Optimizer

# Tensors of an optimizer's state that are as large as their parameter; `step` is a number.
SLOTS = {
    'sgd': (),
    'momentum': ('momentum_buffer',),
    'nesterov': ('momentum_buffer',),
    'adagrad': ('step', 'sum'),
    'adadelta': ('step', 'square_avg', 'acc_delta'),
    'rmsprop': ('step', 'square_avg', 'momentum_buffer'),
    'adam': ('step', 'exp_avg', 'exp_avg_sq'),
    'adamw': ('step', 'exp_avg', 'exp_avg_sq'),
}
COUNT = 'step'


def build_optimizer(network: nn.Module, rates: Rates) -> Optimizer:
    """
    Build an optimizer.

    Biases and norms do not decay: they have one axis.
    """
    groups: list[dict[str, Any]] = [
        {'params': [p for p in network.parameters() if (p.ndim > 1) is decays], 'decays': decays}
        for decays in (True, False)
    ]
    groups = [group for group in groups if group['params']]
    kind = rates.optimizer
    optimizer: Optimizer
    if kind in ('sgd', 'momentum', 'nesterov'):
        optimizer = optim.SGD(groups, lr=1.0, momentum=0.5 if kind != 'sgd' else 0.0)
    else:
        classes: Mapping[str, Any] = {
            'adagrad': optim.Adagrad,
            'adadelta': optim.Adadelta,
            'rmsprop': optim.RMSprop,
            'adam': optim.Adam,
            'adamw': optim.AdamW,
        }
        optimizer = classes[kind](groups, lr=1.0)
    apply_rates(optimizer, rates)
    return optimizer


def l2_loss(network: nn.Module, weight_decay: float) -> float:
    """
    Compute what weight decay adds to the loss.

    It is half of the decay times the sum of the squares of all weights that decay. For AdamW,
    which shrinks the weights instead (Loshchilov and Hutter, 2019), it is what the same decay
    would add.
    """
    decaying = [p.detach() for p in network.parameters() if p.ndim > 1]
    if not weight_decay or not decaying:
        return 0.0
    norms = torch.stack([torch.linalg.vector_norm(p) for p in decaying])
    return 0.5 * weight_decay * float(norms.square().sum())


def apply_rates(optimizer: Optimizer, rates: Rates) -> None:
    """
    Change the rates of an optimizer.

    :param rates: for the same kind of optimizer
    """
    for group in optimizer.param_groups:
        group['lr'] = rates.learning_rate
        group['weight_decay'] = rates.weight_decay if group['decays'] else 0.0
        if rates.optimizer in ('momentum', 'nesterov', 'rmsprop'):
            group['momentum'] = rates.momentum
        if isinstance(optimizer, optim.RMSprop) and rates.momentum > 0.0:
            # torch creates it in the first step only, if there is a momentum by then.
            for state in (optimizer.state[p] for p in group['params'] if p in optimizer.state):
                state.setdefault('momentum_buffer', torch.zeros_like(state['square_avg']))
        if isinstance(optimizer, optim.SGD):
            # Without momentum there is nothing to look ahead to, and torch refuses to.
            group['nesterov'] = rates.optimizer == 'nesterov' and rates.momentum > 0.0
