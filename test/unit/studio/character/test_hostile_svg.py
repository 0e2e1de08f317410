"""Drawings of strangers are refused with a sentence, soon and without much memory."""

from __future__ import annotations

import contextlib
import json
import re
import time
import tracemalloc

from hostile_svg import drawing, PATH, REFUSED
from nn_perception.studio.character.joints import JOINTS
from nn_perception.studio.character.svg.limits import FigureError
from nn_perception.studio.character.svg_file import read_figure
import pytest

MAX_SECONDS = 3.0
MAX_MEMORY_BYTES = 64 * 1024**2
HARMLESS = [case for case in REFUSED if not case[2]]


@pytest.mark.parametrize(
    ('data', 'sentence'),
    [case[1:] for case in REFUSED if case[2]],
    ids=[case[0] for case in REFUSED if case[2]],
)
def test_refused(data: bytes, sentence: str) -> None:
    start = time.process_time()
    with pytest.raises(FigureError, match=re.escape(sentence)) as caught:
        read_figure(data)
    assert time.process_time() - start < MAX_SECONDS
    text = str(caught.value)
    assert text.endswith('.')
    assert len(text) < 250
    assert text.isprintable()


@pytest.mark.parametrize(
    'data', [case[1] for case in HARMLESS], ids=[case[0] for case in HARMLESS]
)
def test_costs_little(data: bytes) -> None:
    start = time.process_time()
    read_figure(data)
    assert time.process_time() - start < MAX_SECONDS


def test_memory() -> None:
    for name, data, _ in (case for case in REFUSED if len(case[1]) > 100_000):
        tracemalloc.start()
        with contextlib.suppress(FigureError):
            read_figure(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MAX_MEMORY_BYTES, name


def test_names_the_line() -> None:
    with pytest.raises(FigureError, match=r'^Line 2: the element "script"'):
        read_figure(drawing('<script/>'))


def test_nothing_of_the_file_but_numbers_and_colours() -> None:
    """No name, class, style or text of the file reaches the browser."""
    evil = 'javascript:evil'
    shapes = (
        f'<title>{evil}</title><desc>{evil}</desc><metadata><x>{evil}</x></metadata>'
        f'<g id="{evil}" class="{evil}" aria-label="{evil}" font-family="{evil}">'
        f'<path id="{evil}" data-x="{evil}" d="M0 0L9 0L9 9Z" fill="red"/></g>'
    )
    model = read_figure(drawing(shapes))
    assert evil not in json.dumps(model)
    assert set(model) == {'joints', 'bounds', 'shapes'}
    assert list(model['joints']) == list(JOINTS)
    assert len(model['shapes']) == 1


def test_editors_notes_are_left_out() -> None:
    """What Inkscape and Illustrator keep in their files does no harm."""
    notes = (
        '<sodipodi:namedview xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd">'
        '<inkscape:grid xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"/>'
        '</sodipodi:namedview>'
    )
    assert len(read_figure(drawing(PATH, notes))['shapes']) == 1


def test_gradients_in_a_circle() -> None:
    defs = (
        '<defs><linearGradient id="a" xlink:href="#b"/><linearGradient id="b" xlink:href="#a"/>'
        '</defs>'
    )
    shapes = f'<path d="M0 0L1 1L2 0Z" fill="url(#a)" stroke="red"/>{PATH}'
    model = read_figure(drawing(shapes, defs))
    assert model['shapes'][0]['fill'] is None
