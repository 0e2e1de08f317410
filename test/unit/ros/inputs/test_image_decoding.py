"""Which converter is used, and that all of them give the same images."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
import subprocess
import sys
from types import ModuleType

from encoding_cases import built, CASES, RawMessage, TABLE
from image_bytes import jpeg, smooth
from nn_perception.ros.inputs import image_decoding
from nn_perception.ros.inputs.image_decoding import compressed_to_bgr, to_bgr
import numpy as np
from patience import HANGS_S
import pytest
from sensor_msgs.msg import CompressedImage, Image


def received(raw: RawMessage) -> Image:
    """Make the message of ROS."""
    fields = {name: value for name, value in vars(raw).items() if name != 'data'}
    msg = Image(**fields)
    msg.data.frombytes(raw.data.tobytes())
    return msg


def working_converters() -> list[str]:
    """
    Find what can convert here.

    A cv_bridge that was built against another numpy may crash the process that uses it,
    so it is tried in another one.
    """
    if find_spec('cv_bridge') is None:
        return ['rosbags-image']
    probe = (
        'import numpy as np; from cv_bridge import CvBridge; from sensor_msgs.msg import Image; '
        "CvBridge().imgmsg_to_cv2(Image(height=1, width=1, step=1, encoding='mono8', "
        "data=[1]), 'bgr8')"
    )
    usable = subprocess.run([sys.executable, '-c', probe], capture_output=True, timeout=HANGS_S)
    names = ['cv_bridge'] if usable.returncode == 0 else []
    return names + (['rosbags-image'] if find_spec('rosbags.image') else [])


CONVERTERS = working_converters()


@pytest.fixture(params=CONVERTERS)
def converter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Convert with one of those that are here."""
    load = image_decoding.CONVERTER_LOADERS[request.param]
    monkeypatch.setattr(image_decoding, '_converter', load())
    return request.param


@pytest.mark.parametrize('encoding', CASES)
def test_every_converter_converts_every_encoding(encoding: str, converter: str) -> None:
    for name, size, layout in TABLE:
        if name != encoding:
            continue
        raw, expected = built(encoding, size, layout)
        msg = received(raw)
        picture = to_bgr(msg)
        assert picture.dtype == np.uint8
        assert picture.shape == (*size, 3)
        border = CASES[encoding].border
        inside = np.s_[border : size[0] - border, border : size[1] - border]
        difference = np.abs(picture[inside].astype(np.float64) - expected[inside])
        assert difference.max() <= CASES[encoding].tolerance, (size, layout)
        assert bytes(msg.data) == raw.data.tobytes()


if len(CONVERTERS) > 1:

    @pytest.mark.parametrize(('encoding', 'size', 'layout'), TABLE, ids=str)
    def test_the_converters_agree(
        encoding: str, size: tuple[int, int], layout: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        msg = received(built(encoding, size, layout)[0])
        pictures = []
        for name in CONVERTERS:
            load = image_decoding.CONVERTER_LOADERS[name]
            monkeypatch.setattr(image_decoding, '_converter', load())
            pictures.append(to_bgr(msg).astype(int))
        # Their OpenCV may differ in version.
        assert np.abs(pictures[0] - pictures[1]).max() <= 1


def test_compressed_messages_of_ros_are_decoded() -> None:
    rgb = smooth()
    msg = CompressedImage(format='jpeg')
    msg.data.frombytes(jpeg(rgb))
    assert np.abs(compressed_to_bgr(msg).astype(int) - rgb[:, :, ::-1]).max() <= 6


def broken() -> image_decoding.Converter:
    """Fail as a converter for another numpy does."""
    raise SystemError('initialization of cv_bridge_boost raised unreported exception')


def absent() -> image_decoding.Converter:
    """Fail as a package that is not installed does."""
    raise ImportError


@pytest.mark.parametrize(
    ('numpy_version', 'loaders', 'chosen'),
    [
        ('1.26.4', {'cv_bridge': lambda: 'bridge', 'rosbags-image': lambda: 'bags'}, 'bridge'),
        ('2.4.0', {'cv_bridge': lambda: 'bridge', 'rosbags-image': lambda: 'bags'}, 'bags'),
        ('2.4.0', {'cv_bridge': lambda: 'bridge', 'rosbags-image': absent}, 'bridge'),
        ('1.26.4', {'cv_bridge': broken, 'rosbags-image': lambda: 'bags'}, 'bags'),
        ('1.26.4', {'cv_bridge': absent, 'rosbags-image': lambda: 'bags'}, 'bags'),
    ],
)
def test_choice_of_the_converter(
    numpy_version: str,
    loaders: dict[str, Callable[[], object]],
    chosen: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(np, '__version__', numpy_version)
    monkeypatch.setattr(image_decoding, 'CONVERTER_LOADERS', loaders)
    assert image_decoding.load_converter() == chosen


def test_without_a_converter_the_error_says_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaders = {'cv_bridge': broken, 'rosbags-image': absent}
    monkeypatch.setattr(image_decoding, 'CONVERTER_LOADERS', loaders)
    with pytest.raises(ImportError, match='install cv_bridge from ROS, or rosbags-image'):
        image_decoding.load_converter()


def test_a_broken_cv_bridge_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The package imports, since it ignores that its compiled part does not.
    package = ModuleType('cv_bridge')
    package.CvBridge = object
    package.__path__ = []
    for name in ('cv_bridge.boost', 'cv_bridge.boost.cv_bridge_boost'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, 'cv_bridge', package)
    with pytest.raises(ImportError):
        image_decoding.CONVERTER_LOADERS['cv_bridge']()
