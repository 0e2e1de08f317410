"""Runs keep their colours."""

from __future__ import annotations

from nn_perception.studio.train.run_list import COLORS, Colors


def test_runs_keep_their_colours() -> None:
    colors = Colors()
    colors.follow(['one'])
    first = colors.of('one')
    colors.follow(['two', 'one'])
    assert colors.of('one') == first
    assert colors.of('two') != first
    colors.follow(['two'])
    colors.follow(['three', 'two'])
    assert colors.of('three') == first


def test_as_many_runs_as_colours_differ() -> None:
    colors = Colors()
    names = [str(at) for at in range(len(COLORS))]
    colors.follow(names)
    assert len({colors.of(name) for name in names}) == len(COLORS)
    colors.follow([*names, 'more'])
    assert colors.of('more') in COLORS
