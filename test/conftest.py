"""What all the tests share: the folder of test pictures, and no silent skips in CI."""

from __future__ import annotations

from collections.abc import Callable, Generator
import importlib.util
import os
from pathlib import Path
import signal
import sys
from types import ModuleType

import a_thread_each  # noqa: F401, which has to come before numpy
from exports import export_missing
from nn_perception.ros.process.main import use_transport_profile
import pytest

# Tests with these marks may be skipped when CI is set: they need a GPU, or a package that is not
# available everywhere.
MAY_BE_SKIPPED = ('cuda', 'fashion_mnist', 'hri_msgs', 'launch_ros')

# Files that take ten seconds and more, the longest first: begun last, one of them would leave the
# other processes idle. What is missing here costs time and nothing else.
LONGEST = (
    'integration/test_fine_tuner.py',
    'integration/test_teach_view.py',
    'integration/test_train_view.py',
    'integration/test_fine_tuner_promises.py',
    'integration/test_demo.py',
    'integration/test_live_view.py',
    'integration/test_tagger.py',
    'unit/training/runs/store/test_hostile_requests.py',
    'integration/test_layers_view.py',
    'integration/test_layer_scene.py',
    'integration/test_advice.py',
    'integration/test_pose_estimator.py',
    'integration/test_studio_cameras.py',
    'integration/test_character_page.py',
    'integration/test_digits_view.py',
    'integration/test_page_access.py',
    'integration/test_hostile_clients.py',
    'unit/training/export/test_write_export.py',
    'unit/training/runs/learning/test_digits_learner.py',
    'unit/training/runs/data/test_run_data.py',
    'integration/test_page_access_browser.py',
    'unit/training/inspection/test_local.py',
    'unit/training/runs/store/test_survival.py',
    'integration/test_fuzz_images.py',
    'unit/training/runs/process/test_figures.py',
    'unit/capabilities/poses/test_pose_estimator.py',
    'unit/cli/test_streams.py',
    'integration/test_ros_fine_tuning.py',
    'integration/test_studio_tool.py',
    'integration/test_page_attacks.py',
    'integration/test_studio_ros.py',
    'integration/test_camera_source_kinds.py',
    'integration/test_slow_images.py',
    'integration/test_hostile_bags.py',
    'integration/test_fine_tuning_job.py',
    'unit/core/imaging/test_image_bombs.py',
    'integration/test_sound_tagger.py',
    'integration/test_studio_node.py',
    'integration/test_fine_tune_accuracy.py',
    'integration/test_hostile_messages.py',
    'integration/test_hostile_requests.py',
    'integration/test_silence.py',
    'integration/test_clean_end.py',
    'integration/test_camera_source.py',
    'integration/test_train_digits.py',
    'integration/test_digit_accuracy.py',
    'integration/test_digit_reader.py',
    'integration/test_bag_verb.py',
    'unit/core/inference/test_export_cache.py',
    'integration/test_perception.py',
    'integration/test_soak.py',
    'integration/test_transport.py',
)

REPOSITORY = Path(__file__).resolve().parent.parent
TEST_DATA = Path(
    os.environ.get('NN_PERCEPTION_TEST_DATA') or REPOSITORY.parent / 'shared' / 'data'
)

# A shell in the background ignores SIGINT, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Fast DDS reads it once: the first test that makes a node decides for all.
use_transport_profile()


@pytest.fixture(scope='session')
def repository() -> Path:
    """Return the root of the repository."""
    return REPOSITORY


@pytest.fixture(scope='session')
def test_data() -> Path:
    """Return the folder of larger data sets, which do not belong to the repository."""
    if not TEST_DATA.is_dir():
        pytest.skip(f'no folder {TEST_DATA}; NN_PERCEPTION_TEST_DATA names another')
    return TEST_DATA


@pytest.fixture(scope='session')
def cases(test_data: Path) -> Path:
    """Return the folder of small inputs that once failed, beside the test data."""
    folder = test_data.parent / 'cases'
    if not folder.is_dir():
        pytest.skip(f'no folder {folder}')
    return folder


@pytest.fixture(scope='session')
def load_tool(repository: Path) -> Callable[[str], ModuleType]:
    """Return a function that imports a script of the folder tools, by its name without .py."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, repository / 'tools' / f'{name}.py')
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # A dataclass looks its module up.
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    return load


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Export the networks once, before the processes start that need them all."""
    config = session.config
    is_worker = hasattr(config, 'workerinput')
    if not is_worker and config.getoption('numprocesses', 0) and not config.option.collectonly:
        export_missing()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; pytest-xdist hands them out in this order."""
    ranks = {REPOSITORY / 'test' / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """
    Turn a skip into a failure when CI is set.

    There the environment is complete, so a skip means that something is not tested which
    seems to be, but for those of MAY_BE_SKIPPED. A machine that has no test data sets
    NN_PERCEPTION_ALLOW_MISSING_TEST_DATA, which allows just the tests that need them to be
    skipped.
    """
    report = yield
    # An expected failure is reported as skipped too, but it did run.
    skipped = report.skipped and not hasattr(report, 'wasxfail')
    if os.environ.get('CI') and skipped and not may_be_skipped(item):
        report.outcome = 'failed'
        report.longrepr = f'skipped, and CI allows no skips: {report.longrepr}'
    return report


def may_be_skipped(item: pytest.Item) -> bool:
    """Tell whether what a test needs may be missing when CI is set."""
    if any(item.get_closest_marker(name) for name in MAY_BE_SKIPPED):
        return True
    allowed = os.environ.get('NN_PERCEPTION_ALLOW_MISSING_TEST_DATA')
    return bool(allowed) and 'test_data' in item.fixturenames and not TEST_DATA.is_dir()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module that skips itself as a whole into an error when CI is set."""
    report = yield
    if os.environ.get('CI') and report.skipped:
        report.outcome = 'failed'
        report.longrepr = f'skipped, and CI allows no skips: {report.longrepr}'
    return report
