"""The layers of networks, as a look inside gives them, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Layer = dict[str, Any]


class LayerList:
    """Layers one after the other; each gets the one before unless it says otherwise."""

    def __init__(self, *shape: int) -> None:
        self.layers: list[Layer] = []
        self.stage = ''
        self.add('input', 'input', shape, inputs=())

    def add(
        self,
        name: str,
        kind: str,
        shape: Sequence[int],
        *,
        inputs: Sequence[str] | None = None,
        title: str = '',
    ) -> str:
        """Append a layer, and return its name."""
        before = (self.layers[-1]['name'],) if inputs is None else inputs
        self.layers.append(
            {
                'name': name,
                'kind': kind,
                'inputs': list(before),
                'shape': list(shape),
                'parameters': 100 if kind in ('conv', 'linear') else 0,
                'title': title or name,
                'stage': self.stage,
            }
        )
        return name

    def conv(self, name: str, channels: int, size: int, title: str = 'conv 3 x 3') -> str:
        """Append a convolution, its batch norm and its ReLU."""
        shape = (channels, size, size)
        self.add(name, 'conv', shape, title=title)
        self.add(f'{name}.norm', 'batch_norm', shape, title='batch norm')
        return self.add(f'{name}.activation', 'activation', shape, title='ReLU6')


def lenet5() -> list[Layer]:
    """LeNet-5: 12 layers."""
    net = LayerList(1, 28, 28)
    net.add('conv1', 'conv', (6, 28, 28), title='conv 5 x 5')
    net.add('tanh1', 'activation', (6, 28, 28), title='tanh')
    net.add('pool1', 'average_pool', (6, 14, 14), title='average pool 2 x 2')
    net.add('conv2', 'conv', (16, 10, 10), title='conv 5 x 5')
    net.add('tanh2', 'activation', (16, 10, 10), title='tanh')
    net.add('pool2', 'average_pool', (16, 5, 5), title='average pool 2 x 2')
    net.add('flatten', 'flatten', (400,))
    net.add('linear1', 'linear', (120,), title='linear')
    net.add('tanh3', 'activation', (120,), title='tanh')
    net.add('linear2', 'linear', (84,), title='linear')
    net.add('tanh4', 'activation', (84,), title='tanh')
    net.add('linear3', 'linear', (10,), title='linear')
    net.add('softmax', 'softmax', (10,))
    return net.layers


def digit_cnn() -> list[Layer]:
    """The network of the digit reader."""
    net = LayerList(1, 28, 28)
    size = 28
    plan = ((5, 32, True), (3, 48, False), (3, 48, True), (3, 128, False), (3, 128, True))
    for index, (kernel, channels, pooled) in enumerate(plan):
        net.add(f'conv{index}', 'conv', (channels, size, size), title=f'conv {kernel} x {kernel}')
        if pooled:
            size //= 2
            net.add(f'pool{index}', 'max_pool', (channels, size, size), title='max pool 2 x 2')
        net.add(f'norm{index}', 'batch_norm', (channels, size, size), title='batch norm')
        net.add(f'relu{index}', 'activation', (channels, size, size), title='ReLU')
    net.add('flatten', 'flatten', (1152,))
    net.add('dropout', 'dropout', (1152,))
    net.add('head', 'linear', (11,), title='linear')
    net.add('softmax', 'softmax', (11,))
    return net.layers


def lite0() -> list[Layer]:
    """EfficientNet-Lite0 with its 16 blocks as stages."""
    net = LayerList(3, 224, 224)
    size, inputs, block = 112, 32, 0
    net.conv('stem', 32, size)
    for repeats, kernel, stride, expansion, channels in (
        (1, 3, 1, 1, 16),
        (2, 3, 2, 6, 24),
        (2, 5, 2, 6, 40),
        (3, 3, 2, 6, 80),
        (3, 5, 1, 6, 112),
        (4, 5, 2, 6, 192),
        (1, 3, 1, 6, 320),
    ):
        for repeat in range(repeats):
            block += 1
            net.stage = f'block {block}'
            wide, before = inputs * expansion, net.layers[-1]['name']
            if expansion > 1:
                net.conv(f'{block}.expand', wide, size, 'conv 1 x 1')
            size = size // stride if repeat == 0 else size
            net.conv(f'{block}.depthwise', wide, size, f'conv {kernel} x {kernel}, by channel')
            shape = (channels, size, size)
            net.add(f'{block}.project', 'conv', shape, title='conv 1 x 1')
            last = net.add(f'{block}.norm', 'batch_norm', shape, title='batch norm')
            if repeat > 0:
                net.add(f'{block}.add', 'add', shape, inputs=(before, last), title='add')
            inputs = channels
    net.stage = ''
    net.conv('head', 1280, size, 'conv 1 x 1')
    net.add('pool', 'average_pool', (1280,), title='average pool')
    net.add('classifier', 'linear', (1000,), title='linear')
    net.add('softmax', 'softmax', (1000,))
    return net.layers


def movenet() -> list[Layer]:
    """MoveNet: a backbone of stages, a pyramid that goes back up, and four heads."""
    net = LayerList(3, 192, 192)
    net.conv('stem', 32, 96)
    taps, size = [], 96
    for index, (channels, stride) in enumerate(
        ((16, 1), (24, 2), (32, 2), (64, 2), (96, 1), (160, 2), (320, 1))
    ):
        net.stage = f'blocks {index + 1}'
        size //= stride
        net.conv(f'{index}.expand', channels * 6, size, 'conv 1 x 1')
        net.add(f'{index}.project', 'conv', (channels, size, size), title='conv 1 x 1')
        if index in (1, 2, 4):
            taps.append((net.layers[-1]['name'], size))
    net.stage = ''
    net.conv('last', 1280, size, 'conv 1 x 1')
    net.add('top', 'conv', (64, size, size), title='conv 1 x 1')
    for tap, tap_size in reversed(taps):
        before = net.layers[-1]['name']
        shape = (64, tap_size, tap_size)
        net.add(f'resize {tap_size}', 'resize', shape, inputs=(before,))
        net.add(f'lateral {tap_size}', 'conv', shape, inputs=(tap,), title='conv 1 x 1')
        inputs = (f'resize {tap_size}', f'lateral {tap_size}')
        net.add(f'add {tap_size}', 'add', shape, inputs=inputs, title='add')
        net.conv(f'smooth {tap_size}', 64, tap_size)
    trunk = net.layers[-1]['name']
    for head, channels in (('centre', 1), ('heatmap', 17), ('regress', 34), ('offset', 34)):
        net.add(f'{head}.hidden', 'conv', (96, 48, 48), inputs=(trunk,), title='conv 3 x 3')
        net.add(head, 'conv', (channels, 48, 48))
    return net.layers


NETWORKS = {'lenet5': lenet5, 'digit_cnn': digit_cnn, 'lite0': lite0, 'movenet': movenet}
