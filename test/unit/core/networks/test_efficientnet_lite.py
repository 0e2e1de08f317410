"""EfficientNet-Lite0: layers, shapes, training, and the logits of the original network."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from nn_perception.core.inference.load_network import load_network  # noqa: E402
from nn_perception.core.inference.model_zoo import find_checkpoint  # noqa: E402
from nn_perception.core.networks.build import build  # noqa: E402
from nn_perception.core.networks.efficientnet_lite import (  # noqa: E402
    EfficientNetLite,
    EMBEDDING_SIZE,
    same_padding,
    SameConv2d,
)

PUBLISHED_VALUES = 4_694_073
# The first five logits and the best class for the gradient image below.
ORIGINAL_LOGITS = (-0.214057, 0.222051, 0.182704, -0.286974, 0.694286, 818)


@pytest.mark.parametrize(
    ('length', 'kernel', 'stride', 'padding'),
    [
        (224, 3, 2, (0, 1)),  # even input: the odd pixel is appended
        (225, 3, 2, (1, 1)),
        (112, 3, 1, (1, 1)),
        (56, 5, 2, (1, 2)),
        (7, 5, 1, (2, 2)),
        (7, 1, 1, (0, 0)),
        (1, 5, 2, (2, 2)),
    ],
)
def test_same_padding(length, kernel, stride, padding):
    assert same_padding(length, kernel, stride) == padding


def test_convolution_pads_at_the_bottom_and_right():
    conv = SameConv2d(1, 1, 3, stride=2)
    torch.nn.init.ones_(conv.weight)
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    # 0+1+2+4+5+6+8+9+10 = 45; right: 2+3+6+7+10+11 = 39; below: 8+9+10+12+13+14 = 66;
    # corner: 10+11+14+15 = 50
    assert conv(image).flatten().tolist() == [45.0, 39.0, 66.0, 50.0]


def test_the_number_of_values_is_that_of_the_published_weights():
    network = EfficientNetLite()
    assert sum(value.numel() for value in network.state_dict().values()) == PUBLISHED_VALUES


@pytest.mark.parametrize('size', [(224, 224), (33, 65), (1, 1)])
def test_shapes(size):
    network = EfficientNetLite(7).eval()
    with torch.inference_mode():
        batch = torch.zeros(2, 3, *size)
        assert network.features(batch).shape == (2, EMBEDDING_SIZE)
        assert network(batch).shape == (2, 7)


def test_head_on_embedding_is_the_forward_pass():
    network = EfficientNetLite(7).eval()
    with torch.inference_mode():
        batch = torch.rand(2, 3, 64, 64)
        torch.testing.assert_close(network.head(network.features(batch)), network(batch))


def test_stochastic_depth_keeps_the_mean():
    torch.manual_seed(0)
    block = EfficientNetLite(2, drop_path=0.5).blocks[-2].train()
    kept = block._drop_path(torch.ones(20_000, 1, 1, 1))
    values = kept.unique().tolist()
    assert values == pytest.approx([0.0, 1.0 / (1.0 - block.drop_rate)])
    assert kept.mean().item() == pytest.approx(1.0, abs=0.05)


def test_gradients_reach_the_stem():
    network = EfficientNetLite(2).train()
    network(torch.rand(2, 3, 64, 64)).sum().backward()
    assert network.stem.conv.weight.grad.abs().sum() > 0


def test_the_shipped_weights_give_the_original_logits():
    """The expected values were computed by the package that published the weights."""
    network = load_network(find_checkpoint('efficientnet_lite0'))
    rows = torch.linspace(-1.0, 1.0, 224)
    batch = torch.stack(
        [rows[:, None] * rows, rows[:, None].expand(224, 224), rows.expand(224, 224)]
    )
    with torch.inference_mode():
        found = network(batch[None])[0].numpy()
    np.testing.assert_allclose(found[:5], ORIGINAL_LOGITS[:5], atol=1e-4)
    assert int(found.argmax()) == ORIGINAL_LOGITS[5]


def test_unknown_network():
    with pytest.raises(ValueError, match="unknown network 'lenet'"):
        build('lenet', 10)
