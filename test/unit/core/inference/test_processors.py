"""CPU cores by affinity and quotas, and CUDA devices."""

from nn_perception.core.inference import processors
from nn_perception.core.inference.processors import cuda_devices, usable_cores
import pytest


def test_cores_and_devices_are_counted():
    assert usable_cores() >= 1
    assert cuda_devices() >= 0


@pytest.mark.parametrize(
    ('own', 'quotas', 'cores'),
    [
        ('0::/', {}, 8),
        ('0::/', {'.': 'max 100000'}, 8),
        ('0::/', {'.': '150000 100000'}, 2),  # a container
        ('1:cpu:/\n0::/a.slice/b.service', {'a.slice/b.service': '300000 100000'}, 3),
        ('0::/a.slice/b.service', {'a.slice': '10000 100000', 'a.slice/b.service': 'max 1'}, 1),
        ('0::/a.slice/b.service', {'a.slice': 'nonsense'}, 8),
        ('', {}, 8),
    ],
)
def test_usable_cores_respect_the_quotas_of_all_control_groups(
    tmp_path, monkeypatch, own, quotas, cores
):
    for name, quota in quotas.items():
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / 'cpu.max').write_text(f'{quota}\n')
    (tmp_path / 'own').write_text(f'{own}\n')
    monkeypatch.setattr(processors, 'CONTROL_GROUPS', tmp_path)
    monkeypatch.setattr(processors, 'OWN_CONTROL_GROUP', tmp_path / 'own')
    monkeypatch.setattr(processors.os, 'sched_getaffinity', lambda _: set(range(8)))
    assert usable_cores() == cores
