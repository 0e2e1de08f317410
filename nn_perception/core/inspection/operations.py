"""What a step of a traced network computes: its kind, its options, and words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

# Layers that only name, place or drop values; in inference they change none.
SAME_VALUES = ('flatten', 'dropout')

ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.ReLU: 'ReLU',
    nn.ReLU6: 'ReLU6',
    nn.LeakyReLU: 'leaky ReLU',
    nn.Sigmoid: 'sigmoid',
    nn.Tanh: 'tanh',
    nn.SiLU: 'SiLU',
    nn.GELU: 'GELU',
    nn.ELU: 'ELU',
    nn.Hardswish: 'hardswish',
    nn.Hardsigmoid: 'hardsigmoid',
    nn.Hardtanh: 'hardtanh',
    nn.Softplus: 'softplus',
}
ACTIVATION_FUNCTIONS = {
    'relu': 'ReLU',
    'relu_': 'ReLU',
    'relu6': 'ReLU6',
    'leaky_relu': 'leaky ReLU',
    'sigmoid': 'sigmoid',
    'tanh': 'tanh',
    'silu': 'SiLU',
    'gelu': 'GELU',
    'elu': 'ELU',
    'hardswish': 'hardswish',
    'hardsigmoid': 'hardsigmoid',
    'hardtanh': 'hardtanh',
    'softplus': 'softplus',
    'sqrt': 'square root',
    'square': 'square',
}
MODULES: dict[type[nn.Module], str] = {
    nn.Conv2d: 'conv',
    nn.Linear: 'linear',
    nn.BatchNorm1d: 'batch_norm',
    nn.BatchNorm2d: 'batch_norm',
    nn.MaxPool2d: 'max_pool',
    nn.AvgPool2d: 'average_pool',
    nn.AdaptiveAvgPool2d: 'average_pool',
    nn.Dropout: 'dropout',
    nn.Dropout2d: 'dropout',
    nn.Flatten: 'flatten',
    nn.Softmax: 'softmax',
    nn.Identity: 'identity',
    nn.Upsample: 'resize',
    nn.ZeroPad2d: 'pad',
} | dict.fromkeys(ACTIVATIONS, 'activation')
# Names of functions, of methods of tensors, and of operators.
FUNCTIONS = {
    'max_pool2d': 'max_pool',
    'avg_pool2d': 'average_pool',
    'adaptive_avg_pool2d': 'average_pool',
    'mean': 'average_pool',
    'interpolate': 'resize',
    'pad': 'pad',
    'flatten': 'flatten',
    'view': 'flatten',
    'reshape': 'flatten',
    'squeeze': 'flatten',
    'unsqueeze': 'flatten',
    'getitem': 'slice',
    'dropout': 'dropout',
    'softmax': 'softmax',
    'add': 'add',
    'iadd': 'add',
    'add_': 'add',
    'sub': 'subtract',
    'mul': 'multiply',
    'imul': 'multiply',
    'cat': 'concat',
} | dict.fromkeys(ACTIVATION_FUNCTIONS, 'activation')
# Names of positional arguments after the tensor.
ARGUMENTS = {
    'max_pool2d': ('kernel_size', 'stride', 'padding', 'dilation', 'ceil_mode'),
    'avg_pool2d': ('kernel_size', 'stride', 'padding', 'ceil_mode', 'count_include_pad'),
    'adaptive_avg_pool2d': ('output_size',),
    'mean': ('dim', 'keepdim'),
    'interpolate': ('size', 'scale_factor', 'mode', 'align_corners'),
    'pad': ('pad', 'mode', 'value'),
    'softmax': ('dim',),
    'cat': ('dim',),
    'dropout': ('p',),
    'leaky_relu': ('negative_slope',),
}
# Modules that are one step, whatever their own code does.
LEAVES = (nn.Conv2d, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d)


@dataclass(frozen=True)
class Operation:
    """
    What a layer computes.

    :param kind: see :class:`~nn_perception.core.inspection.records.Layer`
    :param module: None for a function
    :param function: name of the function, method or operator; empty for a module
    :param arguments: of the function, by name
    """

    kind: str
    module: nn.Module | None = None
    function: str = ''
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def option(self, name: str, default: Any = None) -> Any:
        """Return an option, an argument of the function or an attribute of the module."""
        if self.module is not None:
            return getattr(self.module, name, default)
        return self.arguments.get(name, default)

    @property
    def in_place(self) -> bool:
        """Whether it overwrites its input."""
        return (
            bool(self.option('inplace', False))
            or self.function in ('iadd', 'imul')
            or (self.function.endswith('_') and not self.function.endswith('__'))
        )

    @property
    def activation(self) -> str:
        """Name of the activation for people; empty if it is none."""
        if self.kind == 'softmax':
            return 'softmax'
        if self.kind != 'activation':
            return ''
        if self.module is not None:
            return next(
                name for kind, name in ACTIVATIONS.items() if isinstance(self.module, kind)
            )
        return ACTIVATION_FUNCTIONS[self.function]

    @property
    def averages_picture(self) -> bool:
        """Whether it averages each channel over the whole picture."""
        if self.function == 'mean':
            axes = self.option('dim')
            return isinstance(axes, tuple | list) and {axis % 4 for axis in axes} == {2, 3}
        return self.kind == 'average_pool' and self.option('output_size') in (1, (1, 1), [1, 1])


def operation_of_module(module: nn.Module) -> Operation:
    """Describe a module."""
    kind = next((kind for one, kind in MODULES.items() if isinstance(module, one)), 'other')
    return Operation(kind, module)


def operation_of_function(
    name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]
) -> Operation:
    """
    Describe a call of a function or a method.

    :param arguments: positional, without the tensor
    """
    names = ARGUMENTS.get(name, ())
    options = {**dict(zip(names, arguments, strict=False)), **named}
    return Operation(FUNCTIONS.get(name, 'other'), None, name, options)


def title_of(operation: Operation, inputs: int) -> str:
    """
    Describe an operation for people.

    :param inputs: number of layers that it gets
    """
    kind, module = operation.kind, operation.module
    if isinstance(module, nn.Conv2d):
        return _title_of_conv(module)
    if isinstance(module, nn.Linear):
        return f'linear, {module.in_features} to {module.out_features}'
    if kind in ('activation', 'softmax'):
        return operation.activation
    if operation.averages_picture:
        return 'average over the picture'
    if kind in ('max_pool', 'average_pool') and operation.option('kernel_size') is not None:
        kernel, stride = operation.option('kernel_size'), operation.option('stride')
        title = f'{kind.replace("_", " ")} {_by(kernel)}'
        other_stride = stride is not None and _by(stride) != _by(kernel)
        return title + (f', stride {_side(stride)}' if other_stride else '')
    if kind == 'dropout':
        return f'dropout {operation.option("p", 0.5):g}'
    if kind == 'resize' and operation.option('scale_factor') is not None:
        return f'resize x {_side(operation.option("scale_factor")):g}'
    if kind == 'concat':
        return f'concat of {inputs}'
    if kind == 'other':
        return operation.function.strip('_') or type(module).__name__
    return kind.replace('_', ' ')


def _title_of_conv(module: nn.Conv2d) -> str:
    depthwise = module.groups == module.in_channels and module.groups > 1
    title = f'{"depthwise conv" if depthwise else "conv"} {_by(module.kernel_size)}'
    if _by(module.stride) != _by(1):
        title += f', stride {_side(module.stride)}'
    if _by(module.dilation) != _by(1):
        title += f', dilation {_side(module.dilation)}'
    if module.groups > 1 and not depthwise:
        title += f', {module.groups} groups'
    return title


def pair(value: Any) -> tuple[int, int]:
    """Return height and width of an option that has both, or is one number for both."""
    if isinstance(value, tuple | list | torch.Size):
        first, last = (value[0], value[-1])
        return int(first), int(last)
    return int(value), int(value)


def _by(value: Any) -> str:
    height, width = pair(value)
    return f'{height} x {width}'


def _side(value: Any) -> Any:
    return value[0] if isinstance(value, tuple | list) else value
