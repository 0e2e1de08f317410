"""The page over ROS: a browser, a camera, a tagger and the page, each a process, over DDS."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
import re
from typing import Any

from browser import browser, Watched
from patience import HANGS_S, wait_until
from ros_graph import NodeProcess, Peer
from vision_msgs.msg import Classification


def address_of(node: NodeProcess) -> str:
    return wait_until(lambda: re.search(r'the page is at (\S+)', node.log))[1]


def stamp_ms(msg: Classification) -> int:
    return round(msg.header.stamp.sec * 1e3 + msg.header.stamp.nanosec * 1e-6)


def spinning(peer: Peer, page: Any, condition: Callable[[], Any]) -> Any:
    """Wait for a condition while both the browser and the test's node go on."""

    def holds() -> Any:
        page.wait_for_timeout(50)
        return condition()

    return peer.until(holds)


def shown_figures(page: Any) -> str:
    return str(page.locator('figcaption').inner_text())


def frames_come(page: Any) -> bool:
    return bool(re.search(r'[1-9]\d* frames/s', shown_figures(page)))


def test_live_shows_the_camera_with_the_tags_of_the_tagger(
    peer: Peer, start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    studio = start_node('studio', parameters={'port': 0})
    address = address_of(studio)
    start_node('camera_source', parameters={'rate': 4.0})
    start_node('tagger')
    tags = peer.collect(Classification, '/tagger/tags')
    reports = peer.diagnostics('/studio')
    peer.until(lambda: tags)
    watched = Watched()
    with browser() as chromium:
        page = chromium.new_page()
        watched.watch(page)
        page.goto(address)
        spinning(peer, page, lambda: frames_come(page))
        canvas = page.locator('canvas')
        spinning(peer, page, lambda: '%' in canvas.get_attribute('aria-label'))
        saved = saved_results(page, peer, tmp_path)
        assert saved == expected_of(tags, saved['file'])
        peer.until(lambda: (reports[-1]['pages'], reports[-1]['cameras_watched']) == ('1', '1'))
        # The graph of the test's own node may learn of it later.
        peer.until(lambda: peer.node.count_subscribers('/image/compressed') == 1)
        check_threshold(page, peer)
        watched.check()
        check_restart(page, peer, studio, start_node)
        page.close()
        spin_until_nobody_looks(peer)


def saved_results(page: Any, peer: Peer, folder: Path) -> dict[str, Any]:
    """Freeze a picture that has tags, save what is shown, and go on."""
    page.get_by_text('Freeze', exact=True).click()
    peer.spin(0.5)
    with page.expect_download() as download:
        page.get_by_role('button', name='Save JSON').click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    page.get_by_text('Freeze', exact=True).click()
    (line,) = [line for line in path.read_text().splitlines() if '"tags"' in line]
    found: dict[str, Any] = json.loads(line)
    return found


def expected_of(tags: list[Classification], file: str) -> dict[str, Any]:
    """Return what the topic of the tagger said about the picture with the stamp of a file."""
    saved_ms = int(re.fullmatch(r'frame_(\d+)\.png', file)[1])
    (msg,) = [msg for msg in tags if abs(stamp_ms(msg) - saved_ms) <= 1]
    results = [{'label': tag.class_id, 'score': round(tag.score, 6)} for tag in msg.results]
    return {'file': file, 'tags': results}


def check_threshold(page: Any, peer: Peer) -> None:
    """Move a slider: the parameter of the running node follows."""
    before = peer.get_parameter('/tagger', 'min_score').double_value
    page.get_by_text('Tags: thresholds').click()
    page.get_by_role('slider', name='min score').first.focus()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('Tab')
    spinning(peer, page, lambda: peer.get_parameter('/tagger', 'min_score').double_value > before)


def check_restart(
    page: Any, peer: Peer, studio: NodeProcess, start_node: Callable[..., NodeProcess]
) -> None:
    """Kill the server: the page goes on once it is back."""
    port = int(address_of(studio).rpartition(':')[2])
    studio.process.kill()
    studio.process.wait()
    spinning(peer, page, lambda: not frames_come(page))
    start_node('studio', parameters={'port': port})
    spinning(peer, page, lambda: frames_come(page))


def spin_until_nobody_looks(peer: Peer) -> None:
    peer.until(lambda: not peer.node.count_subscribers('/image/compressed'), HANGS_S)
    peer.until(lambda: peer.node.count_subscribers('/tagger/tags') == 1)  # of this test
