"""A page that loads the JavaScript of the character, without a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
from typing import Any

from browser import browser, Watched
from nn_perception.studio.character.character_stage import RIG
from nn_perception.studio.character.figures import shipped_figures

ORIGIN = 'http://localhost'
PAGE = """<!doctype html><meta charset="utf-8"><canvas id="canvas"></canvas>
<script type="module">
const modules = ['joints', 'binding', 'pose', 'head', 'person', 'cast', 'one_euro', 'painter',
  'overlays', 'recording', 'thumbnail', 'stage'];
const loaded = await Promise.all(modules.map((name) => import(`/rig/${name}.js`)));
window.rig = Object.assign({}, ...loaded);
window.models = await (await fetch('/models.json')).json();
window.ready = true;
</script>"""


@contextmanager
def rig_page() -> Iterator[Any]:
    """
    Open a page with the exports of all modules as ``rig``, and the shipped figures as ``models``.

    :returns: the page of Playwright; fails at the end if it wrote an error on the console
    """
    watched = Watched()
    with browser() as chromium:
        page = chromium.new_page()
        watched.watch(page)
        page.route('**/*', _serve)
        page.goto(f'{ORIGIN}/')
        page.wait_for_function('window.ready')
        yield page
    watched.check()


def _serve(route: Any) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    if path.startswith('/rig/'):
        text = (Path(RIG) / path.removeprefix('/rig/')).read_text()
        route.fulfill(body=text, content_type='text/javascript')
    elif path == '/models.json':
        route.fulfill(body=json.dumps(shipped_figures()), content_type='application/json')
    elif path == '/':
        route.fulfill(body=PAGE, content_type='text/html')
    else:
        route.fulfill(status=204)
