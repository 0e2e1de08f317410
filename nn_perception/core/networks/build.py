"""Build networks by name, with random weights."""

from __future__ import annotations

from typing import Any, TYPE_CHECKING

from nn_perception.core.networks.movenet_heads import MOVENETS

if TYPE_CHECKING:
    from nn_perception.core.networks.defined.definition import Definition
    from torch import nn

DIGIT_NETWORKS = ('digit_cnn', 'digit_mlp')
CLASSIFIERS = (*DIGIT_NETWORKS, 'efficientnet_lite0', 'sound_embedding')
# Built from a definition.
DEFINED = 'defined'

TORCHVISION_PREFIX = 'torchvision:'
KEYPOINT_RCNN = 'torchvision:keypointrcnn_resnet50_fpn'
# Auxiliary heads are used in training only. The published weights of these two networks expect
# an input that torchvision transforms.
WITH_AUXILIARY_HEADS = ('torchvision:googlenet', 'torchvision:inception_v3')
AUXILIARY_HEADS = ('AuxLogits.', 'aux1.', 'aux2.')


def build(
    network: str,
    num_classes: int,
    *,
    input_size: int = 224,
    definition: Definition | None = None,
) -> nn.Module:
    """
    Build a network with random weights.

    :param network: ``efficientnet_lite0``, ``digit_cnn``, ``digit_mlp``, ``movenet_multipose``,
        ``movenet_thunder``, ``movenet_lightning``, ``sound_embedding``, ``defined``, or
        ``torchvision:`` and the name of one of torchvision's classification models or of its
        Keypoint R-CNN
    :param num_classes: number of outputs, for classifiers
    :param input_size: width and height of the input in pixels, for networks that depend on it
    :param definition: of the network ``defined``, which has its own number of outputs
    :raises ValueError: if there is no such network
    :raises ModuleNotFoundError: if torchvision is needed and not installed
    """
    if network == DEFINED and definition is not None:
        from nn_perception.core.networks.defined.defined_network import DefinedNetwork

        return DefinedNetwork(definition)
    if network in CLASSIFIERS:
        return _build_classifier(network, num_classes)
    if network in MOVENETS:
        from nn_perception.core.networks.movenet import MoveNet

        return MoveNet(network)
    if network == KEYPOINT_RCNN:
        from nn_perception.core.networks.keypoint_rcnn import KeypointRcnn

        return KeypointRcnn()
    if network.startswith(TORCHVISION_PREFIX):
        return _build_torchvision(network, num_classes, input_size)
    raise ValueError(f'unknown network {network!r}')


def _build_classifier(network: str, num_classes: int) -> nn.Module:
    if network == 'efficientnet_lite0':
        from nn_perception.core.networks.efficientnet_lite import EfficientNetLite

        return EfficientNetLite(num_classes)
    if network == 'sound_embedding':
        from nn_perception.core.networks.sound_embedding import SoundEmbedding

        return SoundEmbedding(num_classes)
    if network == 'digit_mlp':
        from nn_perception.core.networks.digit_mlp import DigitMlp

        return DigitMlp(num_classes)
    from nn_perception.core.networks.digit_cnn import DigitCnn

    return DigitCnn(num_classes)


def _build_torchvision(network: str, num_classes: int, input_size: int) -> nn.Module:
    import torchvision  # type: ignore[import-untyped, unused-ignore]

    options: dict[str, Any] = {'num_classes': num_classes}
    if network in WITH_AUXILIARY_HEADS:
        options |= {'aux_logits': False, 'init_weights': False, 'transform_input': True}
    elif network.startswith(f'{TORCHVISION_PREFIX}vit_'):
        options['image_size'] = input_size
    name = network.removeprefix(TORCHVISION_PREFIX)
    module: nn.Module = torchvision.models.get_model(name, weights=None, **options)
    return module


def remove_head(network: nn.Module, layer: str) -> nn.Linear:
    """
    Remove the last layer of a classifier, so that it outputs its embedding, ``(N, D)``.

    :param network: changed in place
    :param layer: name of the last layer, for example ``classifier.1``
    :returns: the removed layer
    :raises ValueError: if there is no such layer, or it is not linear, as in SqueezeNet
    """
    from torch import nn

    found = dict(network.named_modules()).get(layer)
    if not isinstance(found, nn.Linear):
        raise ValueError(
            f'{type(network).__name__} does not end in a linear layer, so it has no embedding'
        )
    parent, _, name = layer.rpartition('.')
    setattr(network.get_submodule(parent), name, nn.Identity())
    return found
