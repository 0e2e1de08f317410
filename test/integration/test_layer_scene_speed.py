"""How quick the scene of layers is, and how much memory it takes, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layers_page import layers_page
from patience import slowness
import pytest

INPUTS = 1000
# What a browser may keep of a thousand inputs, and what it has not yet cleaned up.
MORE_BYTES = 4_000_000
# Frames a second while it turns, on an idle machine with two cores and no graphics card.
LEAST_RATES = (('lenet5', 40), ('digit_cnn', 40), ('lite0', 15))
# Drags the scene for some seconds; the best rate that the scene has seen.
TURN = """async (seconds) => {
  const { canvas } = scene.view;
  const send = (type, x) => canvas.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, pointerType: "mouse", isPrimary: true, clientX: x, clientY: 400, bubbles: true,
    button: type === "pointermove" ? -1 : 0, buttons: type === "pointerup" ? 0 : 1,
  }));
  [canvas.setPointerCapture, canvas.releasePointerCapture] = [() => {}, () => {}];
  send("pointerdown", 400);
  said.length = 0;
  const start = performance.now();
  for (let x = 400, step = 6; performance.now() - start < 1000 * seconds; x += step) {
    if (x > 900 || x < 300) step = -step;
    send("pointermove", x);
    await new Promise(requestAnimationFrame);
  }
  send("pointerup", 400);
  return Math.max(...said.filter(([name]) => name === "frameRate").map(([, rate]) => rate));
}"""


@pytest.fixture(scope='module')
def page() -> Iterator[Any]:
    with layers_page() as opened:
        yield opened


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.parametrize(('network', 'least'), LEAST_RATES)
def test_everything_open_turns_smoothly(page: Any, network: str, least: float) -> None:
    page.evaluate('(name) => scene.setNetwork(networks[name])', network)
    page.evaluate('scene.openAll(), fill(), rest()')
    rates = [page.evaluate(TURN, 4) * slowness() for _ in range(3)]
    assert max(rates) >= least


@pytest.mark.alone
@pytest.mark.long
def test_a_thousand_inputs_leave_nothing_behind(page: Any) -> None:
    page.evaluate('scene.setNetwork(networks.lenet5), scene.openAll(), fill(), rest()')
    browser = page.context.new_cdp_session(page)
    browser.send('Performance.enable')

    def memory() -> tuple[int, Any]:
        browser.send('HeapProfiler.collectGarbage')
        metrics = browser.send('Performance.getMetrics')['metrics']
        heap = next(one['value'] for one in metrics if one['name'] == 'JSHeapUsedSize')
        return int(heap), page.evaluate('scene.view.renderer.info.memory')

    show = """async (count) => {
      for (let i = 0; i < count; i += 1) {
        fill(i);
        await new Promise(requestAnimationFrame);
      }
    }"""
    page.evaluate(show, 20)
    before, on_card = memory()
    frames = page.evaluate('scene.view.frames')
    page.evaluate(show, INPUTS)
    assert page.evaluate('scene.view.frames') - frames > INPUTS / 2
    after, still_on_card = memory()
    assert still_on_card == on_card
    assert after - before < MORE_BYTES
