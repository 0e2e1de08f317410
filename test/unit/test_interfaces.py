"""The messages: those of others as they were released, ours as the design has them."""

from __future__ import annotations

from importlib import import_module
import json
from pathlib import Path
import sys

import pytest

pytest.importorskip('nn_perception_interfaces', reason='the messages are not built')

# The type hashes of the released vision_msgs 4.1.1. Two programs whose hashes agree understand
# each other on the wire.
VISION_MSGS = {
    'Point2D': 'eab0e83f44ab4de92ceaf76dd7d0e7638f2bdd1d16ffbe16c7a136c48e407247',
    'Pose2D': 'b0b5d1d7b4c20dd4fcde3ed1d4b289a919290572007d67a97043814db25d3648',
    'BoundingBox2D': '008eacbb0cf8f26e83795547bed013eec3675485ef386ec056d80eaaf1c1ce2f',
    'ObjectHypothesis': '51da43cec11c01957a64d1e05a24acd18aae7745ec30b74348ad5f6d634f7f90',
    'ObjectHypothesisWithPose': '41c12344c0396c48b81df12467c192d99b2a0eb1463c5c37194e4223251c80bc',
    'Classification': 'f74db28d0eaef3afb78f48bf2161cd709a1383a0309d3454383b25be11345143',
    'Detection2D': '0d12b69df5c593b3455b7346fac8205437a7d4bcb09b9e0e0b2dde787ded38ea',
    'Detection2DArray': '214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968',
    'VisionClass': '1e4a11f0fed50b5623cb8ff26ca0e37952a48a9c074d16f804b44e9164c2037a',
    'LabelInfo': '3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783',
    'VisionInfo': '95d3116a17484ad91c9a2686e1d54890bbfc3ff6c6a2de137738c4950d45d284',
}

# The fields of the released hri_msgs 2.3.2.
HRI_MSGS = {
    'IdsList': 'std_msgs/Header header; sequence<string> ids',
    'NormalizedPointOfInterest2D': 'float x; float y; float c',
    'NormalizedRegionOfInterest2D': (
        'std_msgs/Header header; float xmin; float ymin; float xmax; float ymax; float c'
    ),
    'Skeleton2D': ('std_msgs/Header header; hri_msgs/NormalizedPointOfInterest2D[18] skeleton'),
}

# A contract with the programs of others: type and name of every field, in order.
INTERFACES = {
    'msg.Keypoint': 'float x; float y; float score',
    'msg.HumanPose': (
        'string id; float score; vision_msgs/BoundingBox2D bbox; '
        'nn_perception_interfaces/Keypoint[17] keypoints; '
        'sequence<geometry_msgs/Point> positions'
    ),
    'msg.HumanPoseArray': (
        'std_msgs/Header header; sequence<nn_perception_interfaces/HumanPose> poses'
    ),
    'msg.ModelVersion': (
        'string name; string version; builtin_interfaces/Time trained_at; '
        'sequence<string> labels; float accuracy; boolean active'
    ),
    'msg.EvaluationReport': (
        'sequence<string> labels; float accuracy; sequence<float> recall; '
        'sequence<float> precision; sequence<uint32> confusion'
    ),
    'msg.LabelledFrame': (
        'string id; string label; builtin_interfaces/Time stamp; string topic; string sha256'
    ),
    'msg.DatasetSummary': (
        'std_msgs/Header header; string name; sequence<string> labels; sequence<uint32> counts; '
        'uint64 bytes; string recording_label'
    ),
    'msg.FineTuneProgress': (
        'std_msgs/Header header; string stage; uint32 epoch; uint32 max_epochs; '
        'float train_loss; float validation_loss; float train_accuracy; '
        'float validation_accuracy; float progress'
    ),
    'msg.AudioChunk': (
        'std_msgs/Header header; uint32 sample_rate; uint8 channels; sequence<int16> samples'
    ),
    'srv.Capture.Request': 'string label',
    'srv.Capture.Response': 'boolean success; string message; uint32 total',
    'srv.Record.Request': 'boolean record; string label; float rate; float timeout',
    'srv.Record.Response': 'boolean success; string message',
    'srv.AddFrame.Request': 'sensor_msgs/CompressedImage image; string label',
    'srv.AddFrame.Response': 'boolean success; string message; string id; uint32 total',
    'srv.AddClip.Request': (
        'sequence<uint8> file; string label; string recording; builtin_interfaces/Time stamp'
    ),
    'srv.AddClip.Response': (
        'boolean success; string message; sequence<string> ids; uint32 total'
    ),
    'srv.GetClip.Request': 'string id',
    'srv.GetClip.Response': (
        'boolean success; string message; sequence<uint8> file; builtin_interfaces/Time stamp'
    ),
    'srv.ListFrames.Request': 'string label; uint32 offset; uint32 limit',
    'srv.ListFrames.Response': (
        'boolean success; string message; uint32 total; '
        'sequence<nn_perception_interfaces/LabelledFrame> frames'
    ),
    'srv.GetFrame.Request': 'string id; uint32 max_size',
    'srv.GetFrame.Response': (
        'boolean success; string message; sensor_msgs/CompressedImage image'
    ),
    'srv.RenameLabel.Request': 'string label; string new_label',
    'srv.RenameLabel.Response': 'boolean success; string message; uint32 renamed',
    'srv.DeleteFrames.Request': 'string label; boolean newest_only; sequence<string> ids',
    'srv.DeleteFrames.Response': 'boolean success; string message; uint32 deleted',
    'srv.ListModels.Request': '',
    'srv.ListModels.Response': 'sequence<nn_perception_interfaces/ModelVersion> models',
    'srv.ActivateModel.Request': 'string version',
    'srv.ActivateModel.Response': 'boolean success; string message',
    'action.FineTune.Goal': (
        'uint32 max_epochs; float learning_rate; float validation_fraction; string unfreeze; '
        'uint32 seed; boolean activate'
    ),
    'action.FineTune.Result': (
        'boolean success; string message; string version; boolean activated; '
        'nn_perception_interfaces/EvaluationReport validation; float duration'
    ),
    'action.FineTune.Feedback': 'nn_perception_interfaces/FineTuneProgress progress',
}

JOINTS = (
    'NOSE LEFT_EYE RIGHT_EYE LEFT_EAR RIGHT_EAR LEFT_SHOULDER RIGHT_SHOULDER LEFT_ELBOW '
    'RIGHT_ELBOW LEFT_WRIST RIGHT_WRIST LEFT_HIP RIGHT_HIP LEFT_KNEE RIGHT_KNEE LEFT_ANKLE '
    'RIGHT_ANKLE'
).split()


def interface(path: str) -> type:
    """Return a class such as ``srv.Capture.Request``."""
    kind, name, *part = path.split('.')
    found = getattr(import_module(f'nn_perception_interfaces.{kind}'), name)
    return getattr(found, part[0]) if part else found


def fields(cls: type) -> str:
    """Write a class's fields as the table above does."""
    types = cls.get_fields_and_field_types()
    return '; '.join(f'{kind} {name}' for name, kind in types.items())


@pytest.mark.parametrize('name', VISION_MSGS)
def test_vision_msgs_are_those_that_were_released(name: str) -> None:
    description = Path(sys.prefix, 'share', 'vision_msgs', 'msg', f'{name}.json')
    if not description.is_file():
        # On a ROS installation the package is the released one.
        pytest.importorskip('vision_msgs.msg')
        return
    hashes = {
        entry['type_name']: entry['hash_string']
        for entry in json.loads(description.read_text())['type_hashes']
    }
    assert hashes[f'vision_msgs/msg/{name}'] == f'RIHS01_{VISION_MSGS[name]}'


@pytest.mark.hri_msgs
@pytest.mark.parametrize('name', HRI_MSGS)
def test_hri_msgs_are_those_that_were_released(name: str) -> None:
    messages = pytest.importorskip('hri_msgs.msg')
    assert fields(getattr(messages, name)) == HRI_MSGS[name]


@pytest.mark.parametrize('path', INTERFACES)
def test_an_interface_has_exactly_these_fields(path: str) -> None:
    assert fields(interface(path)) == INTERFACES[path]


def test_there_are_no_other_interfaces() -> None:
    named = {'.'.join(path.split('.')[:2]) for path in INTERFACES}
    for kind in ('msg', 'srv', 'action'):
        module = import_module(f'nn_perception_interfaces.{kind}')
        classes = [name for name in vars(module) if name[0].isupper() and '_' not in name]
        assert {f'{kind}.{name}' for name in classes} == {
            name for name in named if name.startswith(f'{kind}.')
        }


def test_the_joints_are_in_the_order_of_coco() -> None:
    human_pose = interface('msg.HumanPose')
    assert [getattr(human_pose, joint) for joint in JOINTS] == list(range(17))
    assert len(human_pose().keypoints) == 17


def test_every_field_has_a_comment(repository: Path) -> None:
    folder = repository / 'nn_perception_interfaces'
    paths = [*folder.glob('msg/*.msg'), *folder.glob('srv/*.srv'), *folder.glob('action/*.action')]
    assert paths
    for path in paths:
        commented = False
        for line in path.read_text().splitlines():
            if line.startswith('#'):
                commented = True
            elif not line or line == '---':
                commented = False
            else:
                assert commented, f'{path.name}: {line}'
