"""``make demo`` shows the results of all nodes, and the probe of the benchmark measures."""

from __future__ import annotations

import json
from pathlib import Path
import re
import subprocess
import sys

import cv2
from patience import HANGS_S, slowness
import pytest

# In nn_perception/samples/sounds.
SPOKEN = ['stop', 'go', 'left', 'yes']
PROBE = [sys.executable, '-m', 'nn_perception.benchmark.probe']


@pytest.mark.long
def test_demo_prints_results_beside_names_and_saves_pictures(
    repository: Path, tmp_path: Path, ros_environment: None
) -> None:
    # So slowly that no picture is dropped: the clip at twice its rate, where the machine is idle.
    rates = ['--rate', f'{5.0 / slowness():.1f}', '--clip-rate', f'{20.0 / slowness():.1f}']
    command = [sys.executable, 'tools/demo.py', *rates, '--output', str(tmp_path)]
    result = subprocess.run(
        command, cwd=repository, capture_output=True, text=True, timeout=HANGS_S, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    found = [line for line in result.stdout.splitlines() if line.startswith('  ')]
    heard = [line.split() for line in found if re.match(r'  \d+\.\d s ', line)]
    lines = {line.split()[0]: line for line in found[: len(found) - len(heard)]}
    photographs = sorted((repository / 'nn_perception' / 'samples').glob('*.jpg'))
    pages = sorted((repository / 'nn_perception' / 'samples' / 'digits').glob('*.jpg'))
    clip = [name for name in lines if name.startswith('walking.mp4#')]
    assert list(lines) == [path.name for path in [*photographs, *pages]] + clip
    for name, label in [('espresso.jpg', 'espresso'), ('cat.jpg', 'cat'), ('skier.jpg', 'ski')]:
        assert label in lines[name].removeprefix(f'  {name}')
    for path in photographs:
        annotated, original = cv2.imread(str(tmp_path / path.name)), cv2.imread(str(path))
        assert annotated.shape == original.shape
        # The panel covers the top; what lies below differs by the JPEG's losses only.
        assert abs(annotated[-40:].astype(int) - original[-40:]).mean() < 6
    assert pages
    for path in pages:
        assert re.fullmatch(r'\d+( / \d+)*', lines[path.name].split(maxsplit=1)[1])
        annotated = cv2.imread(str(tmp_path / 'digits' / path.name))
        assert annotated.shape == cv2.imread(str(path)).shape
    assert str(tmp_path) in result.stdout
    # In the clip one person enters and leaves.
    words = [lines[name].split()[-1] for name in clip]
    assert words[:2] == ['nobody', 'p1']
    assert words[-1] == 'nobody'
    assert set(words) == {'nobody', 'p1'}
    stills = sorted((tmp_path / 'people').glob('*.jpg'))
    assert 12 <= len(stills) <= 15  # a busy machine may leave some frames out
    assert {cv2.imread(str(path)).shape for path in stills} == {(432, 768, 3)}
    # Parts of words may be taken for other words.
    words = [label for _, _, label, _ in heard]
    assert [label for label in words if label in SPOKEN] == SPOKEN, found


def test_demo_says_when_there_is_nothing_to_show(
    repository: Path, tmp_path: Path, ros_environment: None
) -> None:
    command = [sys.executable, 'tools/demo.py', '--source', '/nowhere', '--output', str(tmp_path)]
    result = subprocess.run(
        command, cwd=repository, capture_output=True, text=True, timeout=HANGS_S, check=False
    )
    assert result.returncode == 1
    assert '/nowhere is neither a folder, a file nor a webcam' in result.stdout + result.stderr


@pytest.mark.parametrize(
    ('measurement', 'figures'),
    [
        ('latency', {'results', 'p50_ms', 'p95_ms', 'bare_p50_ms'}),
        *(
            pytest.param(
                name, {'results', 'p50_ms', 'p95_ms', 'bare_p50_ms'}, marks=pytest.mark.long
            )
            for name in ('digit_latency', 'pose_latency')
        ),
        pytest.param(
            'pose_cost',
            {'fast_alone_ms', 'fast_busy_ms', 'accurate_alone_ms', 'accurate_busy_ms'},
            marks=pytest.mark.long,
        ),
        pytest.param('loss', {'640x480', '1280x720', '1920x1080'}, marks=pytest.mark.long),
    ],
)
def test_probe_measures(ros_environment: None, measurement: str, figures: set[str]) -> None:
    result = subprocess.run(
        [*PROBE, measurement, '1.0'], capture_output=True, text=True, timeout=HANGS_S, check=False
    )
    assert result.returncode == 0, result.stderr
    measured = json.loads(result.stdout)
    assert set(measured) == figures
    assert all(value >= 0.0 for value in measured.values())
