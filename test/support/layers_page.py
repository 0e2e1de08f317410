"""A page with the scene of layers alone, for tests in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
from typing import Any

from browser import browser, Watched
from layer_lists import NETWORKS
from nn_perception.studio import shell
from nn_perception.studio.layers.scene import MODULES, THREE

ORIGIN = 'http://localhost'
IMPORTS = {'nicegui-scene': '/three/index.js', 'nn-layers/': '/modules/'}
PAGE = f"""<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/shell.css">
<style>body {{ margin: 0 }} #scene {{ width: 100vw; height: 100vh }}</style>
<script type="importmap">{json.dumps({'imports': IMPORTS})}</script>
<body><div id="scene"></div>
<script type="module">
import {{ LayerScene }} from "nn-layers/layer_scene.js";
import * as grid from "nn-layers/arrangement/grid.js";
import * as theme from "nn-layers/theme.js";
import * as graph from "nn-layers/arrangement/graph.js";
Object.assign(window, {{ grid, theme, graph, said: [] }});
const names = ["opened", "hover", "click", "selected", "frameRate", "problem"];
window.networks = {json.dumps({name: make() for name, make in NETWORKS.items()})};
window.start = () => {{
  const note = (name) => (...values) => said.push([name, ...values]);
  const events = Object.fromEntries(names.map((name) => [name, note(name)]));
  window.scene = new LayerScene(document.getElementById("scene"), events);
}};
// Values that are the same each time, and differ from map to map.
window.fill = (seed = 0) => {{
  for (const name of scene.network.wanted()) {{
    const shape = scene.network.unitOf.get(name).shown.shape;
    const length = shape.reduce((a, b) => a * b, 1);
    const per = shape.length > 1 ? shape[1] * shape[2] : 1;
    const values = new Uint8Array(length);
    for (let i = 0; i < length; i += 1) {{
      const [map, at] = [Math.floor(i / per), i % per];
      const [x, y] = shape.length > 1 ? [at % shape[2], Math.floor(at / shape[2])] : [0, 0];
      const [p, q] = [x / (shape[2] || 1) - 0.5, y / (shape[1] || 1) - 0.5];
      const angle = map * 0.7 + seed;
      const wave = Math.sin(14 * (p * Math.cos(angle) + q * Math.sin(angle)) + map);
      values[i] = shape.length > 1 ? 128 + 127 * wave * Math.exp(-4 * (p * p + q * q))
        : 128 + 127 * Math.sin(map * 7.3 + seed);
    }}
    scene.setMaps({{ layer: name, values, shape, low: -1, high: 1 }});
  }}
}};
// Resolves when nothing is drawn any more.
window.rest = async () => {{
  const view = () => scene.view;
  while (view().pending || view().settler || scene.opening || view().viewpoint.flight) {{
    await new Promise((resolve) => setTimeout(resolve, 20));
  }}
}};
start();
window.ready = true;
</script></body>"""


@contextmanager
def layers_page(**context: Any) -> Iterator[Any]:
    """
    Open a page with a scene that fills it.

    :param context: of Playwright's ``new_context``
    :returns: the page of Playwright, with the globals above; fails at the end if it wrote an
        error on the console
    """
    watched = Watched()
    size = {'width': 1280, 'height': 800}
    with browser() as chromium:
        page = chromium.new_context(**{'viewport': size, **context}).new_page()
        watched.watch(page)
        page.route('**/*', _serve)
        page.goto(f'{ORIGIN}/')
        page.wait_for_function('window.ready')
        yield page
    watched.check()


def _serve(route: Any) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    for prefix, folder in (('/modules/', MODULES), ('/three/', THREE)):
        if path.startswith(prefix):
            text = (Path(folder) / path.removeprefix(prefix)).read_text()
            route.fulfill(body=text, content_type='text/javascript')
            return
    if path == '/shell.css':
        style = Path(shell.__file__).with_name('shell.css').read_text()
        route.fulfill(body=style, content_type='text/css')
    else:
        route.fulfill(body=PAGE, content_type='text/html')
