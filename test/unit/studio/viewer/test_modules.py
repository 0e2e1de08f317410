"""The JavaScript of the viewer, in Chromium: which picture is shown, and what is drawn on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from browser import browser, Watched
from module_page import module_page
from nn_perception.capabilities.poses.overlay import PERSON_COLOURS
from nn_perception.capabilities.poses.skeleton import LIMBS
import pytest

SYNC = """
const { FrameSync } = await import("nn-viewer/frame_sync.js");
const picture = (number) => ({ stamp: String(number), stampMs: 33 * number });
const result = (capability, number) =>
  ({ capability, stamp: String(number), stampMs: 33 * number, values: { number } });
"""


@pytest.fixture(scope='module')
def page() -> Iterator[Any]:
    """Provide a page that can import the modules."""
    watched = Watched()
    with module_page() as address, browser() as chromium:
        opened = chromium.new_page()
        watched.watch(opened)
        opened.goto(address)
        yield opened
    watched.check()


def evaluate(page: Any, body: str) -> Any:
    """Run the body of an asynchronous function in the page."""
    return page.evaluate(f'async () => {{ {body} }}')


def test_the_newest_picture_is_shown_at_once(page: Any) -> None:
    shown = evaluate(
        page,
        SYNC
        + """
        const sync = new FrameSync();
        const shown = [sync.choose(0)];
        for (let number = 1; number < 5; number += 1) {
          sync.addPicture(picture(number), 33 * number);
          if (number !== 3) shown.push(sync.choose(33 * number).picture.stamp);
        }
        return shown;""",
    )
    assert shown == [None, '1', '2', '4']


def test_a_picture_waits_for_results_that_usually_come_in_time(page: Any) -> None:
    shown = evaluate(
        page,
        SYNC
        + """
        const sync = new FrameSync();
        sync.setWanted(["tags"]);
        let number = 1;
        for (; number < 20; number += 1) {
          sync.addPicture(picture(number), 33 * number);
          sync.addResult(result("tags", number), 33 * number + 20);
          sync.choose(33 * number + 20);
        }
        const now = 33 * number;
        sync.addPicture(picture(number), now);
        const waiting = sync.choose(now + 10);
        sync.addResult(result("tags", number), now + 20);
        const own = sync.choose(now + 20);
        sync.addPicture(picture(number + 1), now + 33);
        const patient = sync.choose(now + 33 + 59);
        const impatient = sync.choose(now + 33 + 60);
        return [waiting, own, patient, impatient].map((one) =>
          [one.picture.stamp, one.results.tags.stamp, one.results.tags.own]);""",
    )
    # It waits for 60 ms and no longer.
    assert shown == [
        ['19', '19', True],
        ['20', '20', True],
        ['20', '20', True],
        ['21', '20', False],
    ]


def test_slow_results_do_not_hold_pictures_up(page: Any) -> None:
    late = evaluate(
        page,
        SYNC
        + """
        const sync = new FrameSync();
        sync.setWanted(["poses"]);
        let last = null;
        for (let number = 1; number < 60; number += 1) {
          sync.addPicture(picture(number), 33 * number);
          if (number % 10 === 0) sync.addResult(result("poses", number - 6), 33 * number);
          last = sync.choose(33 * number + 1);
          if (last.picture.stamp !== String(number)) return `held up at ${number}`;
        }
        return last.results.poses;""",
    )
    assert not late['own']
    assert late['behindMs'] == 33 * (59 - 44)
    assert late['dim'] > 0.9


def test_matching_waits_however_long_it_takes(page: Any) -> None:
    shown = evaluate(
        page,
        SYNC
        + """
        const sync = new FrameSync({ match: true });
        sync.setWanted(["poses", "tags"]);
        const shown = [];
        for (let number = 1; number < 80; number += 1) {
          sync.addPicture(picture(number), 33 * number);
          sync.addResult(result("tags", number), 33 * number);
          if (number % 20 === 0) sync.addResult(result("poses", number - 15), 33 * number);
          const chosen = sync.choose(33 * number);
          if (number > 41) shown.push([chosen.picture.stamp, chosen.results.poses.own]);
        }
        return shown;""",
    )
    assert {tuple(one) for one in shown} == {('25', True), ('45', True)}


def test_a_result_may_come_before_its_picture(page: Any) -> None:
    own = evaluate(
        page,
        SYNC
        + """
        const sync = new FrameSync();
        sync.setWanted(["tags"]);
        sync.addResult(result("tags", 1), 0);
        sync.addPicture(picture(1), 5);
        return sync.choose(5).results.tags.own;""",
    )
    assert own is True


def test_a_frozen_picture_has_nothing_but_its_own_results(page: Any) -> None:
    frozen, thawed = evaluate(
        page,
        SYNC
        + """
        const sync = new FrameSync();
        sync.setWanted(["poses"]);
        for (let number = 1; number < 12; number += 1) {
          sync.addPicture(picture(number), 33 * number);
          if (number === 10) sync.addResult(result("poses", 7), 33 * number);
          sync.choose(33 * number);
        }
        sync.freeze(true);
        sync.addPicture(picture(12), 500);
        const frozen = sync.choose(600);
        sync.freeze(false);
        return [frozen, sync.choose(700)];""",
    )
    # The newest picture that has a result.
    assert frozen['picture']['stamp'] == '7'
    assert frozen['results']['poses']['own']
    assert thawed['picture']['stamp'] == '12'


def test_memory_is_bounded(page: Any) -> None:
    kept, dropped, changed = evaluate(
        page,
        SYNC
        + """
        const sync = new FrameSync({ match: true });
        sync.setWanted(["tags"]);
        let dropped = 0;
        for (let number = 1; number < 1000; number += 1) {
          dropped += sync.addPicture(picture(number), number).length;
          for (let copy = 0; copy < 5; copy += 1) sync.addResult(result("tags", 5000 + number), 0);
        }
        sync.match = false;
        const first = sync.choose(1000).changed;
        const again = sync.choose(1001).changed;
        return [sync.entries.length + sync.early.length, dropped, [first, again]];
        """,
    )
    assert kept < 110
    assert kept + dropped >= 999
    assert changed == [True, False]


def test_the_skeleton_is_that_of_the_package(page: Any) -> None:
    limbs, colours = evaluate(
        page,
        """const overlay = await import("nn-viewer/overlay.js");
        return [overlay.LIMBS, overlay.PERSON_COLOURS];""",
    )
    assert [tuple(limb) for limb in limbs] == list(LIMBS)
    assert colours == [f'#{red:02x}{green:02x}{blue:02x}' for blue, green, red in PERSON_COLOURS]


@pytest.mark.parametrize(('background', 'ratio'), [('#ffffff', 1), ('#000000', 2)])
def test_what_is_found_is_drawn_where_it_is(page: Any, background: str, ratio: int) -> None:
    pixels = evaluate(
        page,
        f"""const {{ drawResults, fit }} = await import("nn-viewer/overlay.js");
        const ratio = {ratio};
        const canvas = new OffscreenCanvas(800 * ratio, 400 * ratio);
        const context = canvas.getContext("2d", {{ willReadFrequently: true }});
        context.scale(ratio, ratio);
        context.fillStyle = "{background}";
        context.fillRect(0, 0, 800, 400);
        // A picture of 200 x 200, twice as large, in the middle.
        const place = fit(200, 200, 800, 400);
        const keypoints = Array.from({{ length: 17 }}, () => [0, 0, 0]);
        keypoints[5] = [100, 100, 0.9];
        keypoints[6] = [150, 100, 0.9];
        const own = {{ own: true, behindMs: 0, dim: 0 }};
        drawResults(context, {{
          digits: {{ ...own, values: {{ lines: [],
            digits: [{{ digit: "7", score: 1, bbox: [20, 140, 30, 40] }}] }} }},
          poses: {{ ...own, values: {{
            people: [{{ id: "p3", score: 1, bbox: [100, 60, 60, 100], keypoints }}] }} }},
        }}, place);
        const at = (x, y) =>
          [...context.getImageData(x * ratio, y * ratio, 1, 1).data.slice(0, 3)];
        return {{
          limb: at(200 + 250, 200), besideLimb: at(200 + 250, 240),
          left: at(200 + 40, 300), inside: at(200 + 70, 320), outside: at(100, 200),
        }};""",
    )
    plain = [int(background[1:3], 16)] * 3
    assert pixels['limb'] == [0xF0, 0xE4, 0x42]
    assert pixels['left'] == [0x7E, 0xE7, 0x87]
    assert pixels['besideLimb'] == pixels['inside'] == pixels['outside'] == plain


def test_what_is_found_is_said(page: Any) -> None:
    said = evaluate(
        page,
        """const { describe } = await import("nn-viewer/overlay.js");
        return describe({
          tags: { values: { tags: [{ label: "espresso", score: 0.941 }] } },
          digits: { values: { digits: [], lines: ["204"] } },
          poses: { values: { people: [{}, {}] } },
        });""",
    )
    assert said == 'espresso 94 %; digits 2 0 4; two people'


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        ('NotAllowedError', 'does not let this page use'),
        ('NotFoundError', 'There is no'),
        ('NotReadableError', 'another program or tab may be using it'),
        ('OverconstrainedError', 'Choose another camera'),
        ('SomethingElse', 'does not open: oh'),
    ],
)
def test_each_error_of_a_webcam_has_a_sentence(page: Any, name: str, words: str) -> None:
    said = evaluate(
        page,
        f"""const {{ sentence }} = await import("nn-viewer/browser_camera.js");
        return sentence({{ name: "{name}", message: "oh" }}, "the camera “Eye”");""",
    )
    assert words in said
    assert '“Eye”' in said


def test_results_are_scaled_to_what_is_shown(page: Any) -> None:
    sent, result = evaluate(
        page,
        """const { FrameSender } = await import("nn-viewer/local_frames.js");
        const sent = [];
        const socket = { isOpen: true, sendPicture: async (blob, about) =>
          sent.push([about, (await createImageBitmap(blob)).width]) };
        const sender = new FrameSender(socket, () => ["digits", "poses"]);
        const canvas = new OffscreenCanvas(1920, 960);
        canvas.getContext("2d").fillRect(0, 0, 9, 9);
        const bitmap = await createImageBitmap(canvas);
        const before = sender.isFree;
        await sender.send(bitmap, sender.next(), false);
        const busy = sender.isFree;
        sender.done();
        return [[before, busy, sender.isFree, ...sent], sender.toShown({ stamp: "1", values: {
          digits: [{ digit: "7", bbox: [1, 2, 3, 4] }],
          people: [{ id: "p1", bbox: [1, 2, 3, 4], keypoints: [[10, 20, 0.5]] }] } }).values];""",
    )
    about = {'number': 1, 'still': False, 'capabilities': ['digits', 'poses']}
    assert sent == [True, False, True, [about, 960]]
    assert result['digits'][0]['bbox'] == [2, 4, 6, 8]
    assert result['people'][0]['keypoints'] == [[20, 40, 0.5]]
