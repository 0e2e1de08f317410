"""Networks to look into: one operation each, and those of the package."""

from __future__ import annotations

from functools import cache

from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inspection.traced_network import TracedNetwork
from nn_perception.core.networks import efficientnet_lite, movenet
from nn_perception.core.networks.build import build
from nn_perception.core.networks.defined.defined_network import DefinedNetwork
from nn_perception.core.networks.defined.presets import PRESETS
import torch
from torch import nn, Tensor
from torch.nn import functional


class Function(nn.Module):
    """A network that is one function."""

    def __init__(self, function: object) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Residual(nn.Module):
    """Two convolutions of the input, added, joined, and multiplied by an average."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(4, 4, 3, padding=1)
        self.other = nn.Conv2d(4, 4, 1, bias=False)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)
        one += self.other(x)
        one = self.activation(one)
        gate = functional.adaptive_avg_pool2d(one, 1).sigmoid()
        return torch.cat([one * gate, x - one], 1)


def batch_norm() -> nn.Module:
    norm = nn.BatchNorm2d(4)
    norm.running_mean = torch.randn(4)
    norm.running_var = torch.rand(4) + 0.5
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    return norm


# Of an input of 4 x 7 x 6.
OPERATIONS = {
    'conv': lambda: nn.Conv2d(4, 6, 3),
    'conv, stride and padding': lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 3), padding=(2, 1)),
    'conv, dilation': lambda: nn.Conv2d(4, 6, 2, dilation=3, padding=1, bias=False),
    'conv, groups': lambda: nn.Conv2d(4, 6, 3, groups=2, padding='same'),
    'conv, depthwise': lambda: nn.Conv2d(4, 4, 3, groups=4, padding='valid'),
    'conv as in Lite0': lambda: efficientnet_lite.SameConv2d(4, 6, 3, stride=2),
    'conv as in MoveNet': lambda: movenet.SameConv2d(4, 6, 3, stride=2),
    'max pool': lambda: nn.MaxPool2d(2),
    'max pool, padded': lambda: nn.MaxPool2d(3, stride=2, padding=1),
    'max pool, ceil': lambda: Function(
        lambda x: functional.max_pool2d(x, 2, stride=2, ceil_mode=True)
    ),
    'max pool, dilation': lambda: nn.MaxPool2d(2, stride=1, dilation=2),
    'average pool': lambda: nn.AvgPool2d(3, stride=2, padding=1),
    'average pool without padding': lambda: Function(
        lambda x: functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
    ),
    'average pool, ceil': lambda: nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True),
    'average pool to a size': lambda: nn.AdaptiveAvgPool2d((3, 4)),
    'average over the picture': lambda: Function(lambda x: x.mean((2, 3))),
    'average, axes kept': lambda: Function(lambda x: x.mean([-2, -1], keepdim=True)),
    'batch norm': batch_norm,
    'linear': lambda: nn.Sequential(nn.Flatten(), nn.Linear(168, 5)),
    'linear of rows': lambda: nn.Linear(6, 3, bias=False),
    'flatten': lambda: Function(lambda x: x.view(x.size(0), -1)),
    'unsqueeze': lambda: Function(lambda x: x.mean((2, 3), keepdim=True)[:, :, 0, 0]),
    'resize to the nearest': lambda: Function(lambda x: functional.interpolate(x, (9, 4))),
    'resize, doubled': lambda: Function(
        lambda x: functional.interpolate(x, scale_factor=2.0, mode='bilinear', align_corners=False)
    ),
    'resize, corners': lambda: nn.Upsample((4, 11), mode='bilinear', align_corners=True),
    'pad': lambda: Function(lambda x: functional.pad(x, (1, 2, 0, 3))),
    'softmax': lambda: nn.Sequential(nn.Flatten(), nn.Linear(168, 7), nn.Softmax(1)),
    'activation': lambda: nn.SiLU(),
    'dropout': lambda: nn.Dropout(0.5),
    'residual': Residual,
    'something else': lambda: Function(lambda x: x.roll(1, 2)),
}


@cache
def operation(name: str) -> TracedNetwork:
    torch.manual_seed(0)
    # The module of the network itself would be traced through, down to its functions.
    network = nn.Sequential(OPERATIONS[name]())
    return TracedNetwork(network.eval(), torch.randn(1, 4, 7, 6))


NETWORKS = {
    'digit_cnn': (1, 28, 28),
    'digit_mlp': (1, 28, 28),
    'preset:lenet5': (1, 28, 28),
    'preset:convnetjs': (1, 28, 28),
    'efficientnet_lite0': (3, 224, 224),
    'several layers': (3, 96, 96),
    'movenet_multipose': (3, 64, 96),
    'movenet_thunder': (3, 64, 64),
    'torchvision:resnet18': (3, 64, 64),
    'torchvision:mobilenet_v3_small': (3, 64, 64),
}


@cache
def network(name: str) -> tuple[nn.Module, TracedNetwork, Tensor]:
    """Load a network, and trace it; returned with an input."""
    torch.manual_seed(1)
    example = torch.randn(1, *NETWORKS[name])
    if name == 'several layers':
        module = build('efficientnet_lite0', 5)
        module.use_multi_layer_features()
    elif name.startswith('preset:'):
        module = DefinedNetwork(PRESETS[name.removeprefix('preset:')].define())
    elif name.startswith('torchvision:'):
        module = build(name, 10)
    else:
        module = load_network(find_checkpoint(name))
    return module.eval(), TracedNetwork(module.eval(), example), example
