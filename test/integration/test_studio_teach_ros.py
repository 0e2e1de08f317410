"""Teach on the page over ROS: the running tagger publishes what was taught, and rolls back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import re
import time
from typing import Any

from browser import browser, Watched
import numpy as np
from patience import HANGS_S, wait_until
import pytest
from ros_graph import image_at, LATCHED, NodeProcess, Peer
from sensor_msgs.msg import Image
from teach_page import add_class, card_of, count_of, drawing
from vision_msgs.msg import Classification, LabelInfo

CAMERA_PERIOD_S = 0.1
GREY = np.full((120, 160, 3), 128, np.uint8)


class ShownCamera:
    """A camera over DDS whose picture the test chooses."""

    def __init__(self, peer: Peer) -> None:
        self.kind = 'stripes'
        self._publisher = peer.publisher(Image, '/image')
        self._count = 0
        peer.node.create_timer(CAMERA_PERIOD_S, self._publish)

    def _publish(self) -> None:
        self._count += 1
        image = GREY if self.kind == 'grey' else drawing(self.kind, self._count)
        self._publisher.publish(image_at(image, time.time()))


class Session:
    """The browser, and the node of the test that must go on meanwhile."""

    def __init__(self, peer: Peer, page: Any, camera: ShownCamera) -> None:
        self.peer = peer
        self.page = page
        self.camera = camera

    def until(self, condition: Callable[[], Any]) -> Any:
        def holds() -> Any:
            self.page.wait_for_timeout(20)
            return condition()

        return self.peer.until(holds, HANGS_S / 5)

    def record(self, label: str, kind: str, least: int = 8) -> int:
        """Show something to the camera, and hold the button of a class; :returns: its frames."""
        self.camera.kind = kind
        self.peer.spin(1.0)
        button = card_of(self.page, label).get_by_role('button', name='Hold to record')
        self.until(button.is_enabled)
        button.hover()
        self.page.mouse.down()
        self.until(lambda: count_of(self.page, label) >= least)
        self.page.mouse.up()
        self.until(lambda: button.get_attribute('aria-pressed') != 'true')
        return count_of(self.page, label)

    def train(self) -> None:
        train = self.page.get_by_role('button', name='Train', exact=True)
        self.until(train.is_enabled)
        train.click()


def labels_of(infos: list[LabelInfo]) -> set[str]:
    return {one.class_name for one in infos[-1].class_map} if infos else set()


@pytest.mark.long
def test_the_running_tagger_learns_and_rolls_back(
    peer: Peer, start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    folders = {'store_folder': str(tmp_path / 'models')}
    studio = start_node('studio', parameters={'port': 0})
    tuner = {**folders, 'data_folder': str(tmp_path / 'datasets')}
    start_node('fine_tuner', parameters=tuner)
    start_node('tagger', parameters={**folders, 'model': 'store:taught', 'min_score': 0.0})
    camera = ShownCamera(peer)
    tags = peer.collect(Classification, '/tagger/tags')
    infos = peer.collect(LabelInfo, '/tagger/label_info', LATCHED)
    peer.until(lambda: tags and len(labels_of(infos)) == 1000)
    address = wait_until(lambda: re.search(r'the page is at (\S+)', studio.log))[1]
    watched = Watched()
    with browser() as chromium:
        page = chromium.new_page(viewport={'width': 1400, 'height': 1000})
        watched.watch(page)
        page.goto(f'{address}/teach')
        session = Session(peer, page, camera)
        add_class(page, 'stripes')
        add_class(page, 'ball')
        session.record('stripes', 'stripes')
        session.record('ball', 'ball')
        session.train()
        session.until(lambda: labels_of(infos) == {'stripes', 'ball', 'unknown'})
        check_tags(session, tags, {'stripes': 'stripes', 'ball': 'ball'})

        add_class(page, 'wall')
        session.record('wall', 'grey')
        session.train()
        session.until(lambda: 'wall' in labels_of(infos))
        check_tags(session, tags, {'stripes': 'stripes', 'grey': 'wall'})
        roll_back = page.get_by_role('button', name='Roll back')
        session.until(roll_back.is_enabled)
        roll_back.click()
        session.until(lambda: labels_of(infos) == {'stripes', 'ball', 'unknown'})
        check_tags(session, tags, {'stripes': 'stripes', 'ball': 'ball'})
        watched.check()


def check_tags(session: Session, tags: list[Classification], expected: dict[str, str]) -> None:
    """Check what the tagger's topic says about what the camera shows; kind -> label."""
    for kind, label in expected.items():
        session.camera.kind = kind

        def known_best(wanted: str = label) -> bool:
            # Of a few frames, many are unlike what was recorded.
            found = [
                one.hypothesis.class_id if hasattr(one, 'hypothesis') else one.class_id
                for one in tags[-1].results
            ]
            return [name for name in found if name != 'unknown'][:1] == [wanted]

        session.until(known_best)
