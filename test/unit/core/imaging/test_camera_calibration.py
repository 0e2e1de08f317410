"""Camera calibration files."""

from nn_perception.core.imaging.camera_calibration import read_calibration, uncalibrated
import pytest
import yaml

CONTENT = {
    'image_width': 640,
    'image_height': 480,
    'distortion_model': 'plumb_bob',
    'distortion_coefficients': {'rows': 1, 'cols': 5, 'data': [0.1, -0.2, 0, 0, 0.3]},
    'camera_matrix': {'data': [500, 0, 320, 0, 500, 240, 0, 0, 1]},
    'rectification_matrix': {'data': [1, 0, 0, 0, 1, 0, 0, 0, 1]},
    'projection_matrix': {'data': [500, 0, 320, 0, 0, 500, 240, 0, 0, 0, 1, 0]},
}


def test_a_calibration_file(tmp_path):
    path = tmp_path / 'camera.yaml'
    path.write_text(yaml.safe_dump(CONTENT))
    fields = read_calibration(path)
    assert fields['k'] == [500.0, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0]
    assert fields['r'][0] == 1.0
    assert len(fields['p']) == 12
    assert fields['d'] == [0.1, -0.2, 0.0, 0.0, 0.3]
    assert fields['distortion_model'] == 'plumb_bob'
    assert uncalibrated(640, 480).items() <= fields.items()


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'camera_matrix': {'data': [1, 2]}}, 'camera_matrix has 2 values, expected 9'),
        ({'camera_matrix': {}}, "'data' is missing"),
        ({'image_width': 'wide'}, "image_width is 'wide', expected a number of pixels"),
        ({'image_width': float('inf')}, 'image_width is inf'),
        ({'image_height': float('nan')}, 'image_height is nan'),
        ({'image_height': 0}, 'image_height is 0'),
        ({'image_height': 2**40}, 'expected a number of pixels'),
        ({'camera_matrix': {'data': ['x'] * 9}}, 'is not a camera calibration file'),
        ({'distortion_coefficients': 3}, 'is not a camera calibration file'),
    ],
)
def test_invalid_fields_are_rejected(tmp_path, change, reason):
    path = tmp_path / 'camera.yaml'
    path.write_text(yaml.safe_dump(CONTENT | change))
    with pytest.raises(ValueError, match=reason) as caught:
        read_calibration(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize('content', [b'', b'[1', b'text', b'\xff\xfe\x00', b'{}'])
def test_other_files_are_rejected(tmp_path, content):
    path = tmp_path / 'other.yaml'
    path.write_bytes(content)
    with pytest.raises(ValueError, match='is not a camera calibration file'):
        read_calibration(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_calibration(tmp_path / 'none.yaml')
