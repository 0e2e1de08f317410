"""Which parameters become sliders."""

from __future__ import annotations

from nn_perception.ros.base.parameters import Contract, contracts
from nn_perception.ros.nodes.digit_reader import DigitReaderParameters
from nn_perception.ros.nodes.pose_estimator import PoseEstimatorParameters
from nn_perception.ros.nodes.tagger import TaggerParameters
from nn_perception.ros.studio.node_settings import settings
from nn_perception.studio.backend.capabilities import Setting
import pytest
from rcl_interfaces.msg import ParameterDescriptor, ParameterValue
from rclpy.parameter import Parameter


def described(
    name: str, value: object, contract: Contract
) -> tuple[ParameterDescriptor, ParameterValue]:
    descriptor = contract.descriptor(type(value))
    descriptor.name = name
    return descriptor, Parameter(name, value=value).get_parameter_value()


@pytest.mark.parametrize(
    ('kind', 'names'),
    [
        (TaggerParameters, ['max_rate', 'top_k', 'min_score', 'smoothing_s']),
        (DigitReaderParameters, ['max_rate', 'min_score', 'min_height', 'max_candidates']),
        (
            PoseEstimatorParameters,
            'max_rate min_score min_joint_score max_people max_age_s depth_tolerance_s'.split(),
        ),
    ],
)
def test_settings_of_our_nodes(kind: type, names: list[str]) -> None:
    found = settings(
        described(name, getattr(kind(), name), contract)
        for name, contract in contracts(kind).items()
    )
    assert [setting.name for setting in found] == names
    for setting in found:
        assert setting.minimum <= setting.value <= setting.maximum
        assert '[' not in setting.description


def test_a_setting_has_all_that_a_slider_needs() -> None:
    contract = Contract('how long, in short', unit='s', minimum=0.0, maximum=60.0)
    (setting,) = settings([described('smoothing_s', 0.5, contract)])
    assert setting == Setting('smoothing_s', 0.5, 0.0, 5.0, False, 's', 'how long, in short')


def test_a_large_value_that_others_have_set_is_shown() -> None:
    contract = Contract('how many', minimum=1, maximum=1000)
    (setting,) = settings([described('top_k', 700, contract)])
    assert (setting.value, setting.maximum, setting.integer) == (700, 700, True)


@pytest.mark.parametrize(
    ('value', 'contract'),
    [
        (0.5, Contract('no range')),
        (0.5, Contract('half a range', minimum=0.0)),
        (0.5, Contract('fixed', minimum=0.0, maximum=1.0, read_only=True)),
        (5, Contract('too long a range', minimum=0, maximum=1_000_000)),
        (True, Contract('a switch')),
        ('auto', Contract('a word', choices=('auto',))),
    ],
)
def test_what_is_no_slider(value: object, contract: Contract) -> None:
    assert settings([described('other', value, contract)]) == ()


def test_a_node_with_thousands_of_parameters() -> None:
    contract = Contract('one of many', minimum=0.0, maximum=1.0)
    assert len(settings([described(f'p{i}', 0.5, contract) for i in range(1000)])) == 30
