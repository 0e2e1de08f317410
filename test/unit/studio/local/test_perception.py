"""The networks in the process of the page."""

from __future__ import annotations

from collections.abc import Iterator
import threading
import time
from typing import Any

from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.frame import Frame
from nn_perception.core.imaging.image_files import read_image
from nn_perception.studio.backend.capabilities import CAPABILITIES, DIGITS, POSES, TAGS
from nn_perception.studio.local import caretaker
from nn_perception.studio.local.network import LOADING, Network
from nn_perception.studio.local.perception import NetworkChoice, Perception
import numpy as np
import pytest

PATIENCE_S = 60.0
STAMP_NS = 1_700_000_000_123_456_789


@pytest.fixture
def perception() -> Iterator[Perception]:
    """Provide the shipped networks."""
    opened = Perception()
    yield opened
    opened.close()


def sample(name: str) -> Frame:
    """Read a photograph that ships."""
    return Frame(read_image(SAMPLES_FOLDER / name), name, 'sample', stamp_s=time.time())


def test_three_capabilities(perception: Perception) -> None:
    # The statistics cover the last seconds; the first call may take longer.
    perception.process(sample('espresso.jpg'), CAPABILITIES, wait_s=PATIENCE_S)
    results = perception.process(sample('espresso.jpg'), CAPABILITIES, STAMP_NS)
    assert [result.capability for result in results] == list(CAPABILITIES)
    assert {result.stamp_ns for result in results} == {STAMP_NS}
    tags, digits, poses = (result.values for result in results)
    assert tags['tags'][0]['label'] == 'espresso'
    assert set(digits) == {'digits', 'lines'}
    assert set(poses) == {'people'}
    for status in perception.status():
        assert status.message == ''
        assert float(status.values['inference_p50_ms']) > 0.0
        assert float(status.values['rate_hz']) > 0.0
        assert status.values['model']
        assert status.settings


def test_people_have_ids_without_their_source(perception: Perception) -> None:
    frame = sample('skier.jpg')
    (result,) = perception.process(frame, {POSES}, wait_s=PATIENCE_S)
    (person,) = result.values['people']
    assert person['id'] == 'p1'
    assert len(person['keypoints']) == 17
    (again,) = perception.process(frame, {POSES})
    assert again.values['people'][0]['id'] == 'p1'
    perception.forget('sample')
    (anew,) = perception.process(frame, {POSES})
    assert anew.values['people'][0]['id'] == 'p1'


def test_nothing_is_loaded_until_it_is_needed(perception: Perception) -> None:
    assert not any(perception.ready(capability) for capability in CAPABILITIES)
    assert perception.process(sample('cat.jpg'), {TAGS}) == []
    assert perception.message(DIGITS) == ''
    deadline_s = time.monotonic() + PATIENCE_S
    while not perception.ready(TAGS) and time.monotonic() < deadline_s:
        assert perception.message(TAGS) in (LOADING, '')
        time.sleep(0.01)
    assert perception.ready(TAGS)
    assert not perception.ready(POSES)


def test_unused_networks_are_closed(
    perception: Perception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caretaker, 'UNUSED_S', 0.5)
    monkeypatch.setattr(caretaker, 'POLL_PERIOD_S', 0.05)
    assert perception.process(sample('cat.jpg'), {TAGS}, wait_s=PATIENCE_S)
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        names = {thread.name for thread in threading.enumerate()}
        if not perception.ready(TAGS) and 'networks' not in names:
            break
        time.sleep(0.02)
    assert not perception.ready(TAGS)
    assert 'networks' not in names
    assert perception.process(sample('cat.jpg'), {TAGS}, wait_s=PATIENCE_S)


def test_settings(perception: Perception) -> None:
    frame = sample('espresso.jpg')
    perception.change(TAGS, 'min_score', 0.0)
    perception.change(TAGS, 'top_k', 3)
    (result,) = perception.process(frame, {TAGS}, wait_s=PATIENCE_S)
    assert len(result.values['tags']) == 3
    perception.change(TAGS, 'top_k', 1)
    (result,) = perception.process(frame, {TAGS})
    assert len(result.values['tags']) == 1
    tags = perception.status()[0]
    assert {one.name: one.value for one in tags.settings}['top_k'] == 1


@pytest.mark.parametrize(
    ('capability', 'setting', 'value', 'reason'),
    [
        ('sounds', 'min_score', 0.5, 'there is no capability'),
        (TAGS, 'min_scores', 0.5, 'has no setting'),
        (TAGS, 'min_score', 1.5, 'must be 0 to 1, got 1.5'),
        (TAGS, 'min_score', float('nan'), 'must be 0 to 1'),
        (DIGITS, 'min_height', 9.5, 'whole number'),
        (DIGITS, 'min_height', 2, 'must be 8 to 1000 px, got 2'),
    ],
)
def test_wrong_settings(
    perception: Perception, capability: str, setting: str, value: float, reason: str
) -> None:
    before = perception.status()
    with pytest.raises(ValueError, match=reason):
        perception.change(capability, setting, value)
    assert perception.status() == before


def test_switched_off(perception: Perception) -> None:
    perception.set_enabled(TAGS, False)
    assert perception.process(sample('cat.jpg'), {TAGS}, wait_s=PATIENCE_S) == []
    assert not perception.ready(TAGS)
    assert perception.status()[0].message == 'switched off'
    perception.set_enabled(TAGS, True)
    assert perception.process(sample('cat.jpg'), {TAGS}, wait_s=PATIENCE_S)


def test_a_network_that_cannot_be_loaded_says_why() -> None:
    perception = Perception(NetworkChoice(tag_model='/does/not/exist.safetensors'))
    assert perception.process(sample('cat.jpg'), {TAGS}, wait_s=PATIENCE_S) == []
    assert 'cannot be loaded' in perception.message(TAGS)
    assert '/does/not/exist.safetensors' in perception.message(TAGS)
    perception.close()


def test_an_image_that_cannot_be_processed_ends_nothing(perception: Perception) -> None:
    nothing = Frame(np.zeros((0, 0, 3), np.uint8), stamp_s=1.0)
    assert perception.process(nothing, {TAGS}, wait_s=PATIENCE_S) == []
    assert perception.process(sample('cat.jpg'), {TAGS})


def test_closing_while_it_is_loaded() -> None:
    begun, go_on = threading.Event(), threading.Event()
    closed: list[Any] = []

    class Slow:
        options = None

        def warm_up(self) -> None:
            begun.set()
            assert go_on.wait(PATIENCE_S)

        def close(self) -> None:
            closed.append(self)

    network = Network(lambda _: Slow(), None)  # type: ignore[arg-type, return-value]
    network.request()
    assert begun.wait(PATIENCE_S)
    threading.Timer(0.1, go_on.set).start()
    network.close()
    assert len(closed) == 1
    network.request()
    assert not network.is_open
