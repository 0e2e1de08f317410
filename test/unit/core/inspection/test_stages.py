"""Large networks in stages."""

from __future__ import annotations

from nn_perception.core.inspection.records import INPUT
from nn_perception.core.inspection.stages import stages_of


def test_a_small_network_has_none() -> None:
    assert stages_of([(INPUT, False), ('conv', True)]) == ['', '']


def test_layers_are_grouped_by_their_modules() -> None:
    scopes = [(INPUT, False), ('conv1', True), ('', False)]
    scopes += [(f'blocks.{block}.conv.{index}', True) for block in (0, 1) for index in range(20)]
    scopes += [('', False), ('pyramid.smooth.0.conv', True), ('pyramid', False), ('fc', True)]
    stages = stages_of(scopes)
    assert list(dict.fromkeys(stages)) == [
        INPUT,
        'stem',
        'block 1',
        'block 2',
        'pyramid',
        'head',
    ]
    # A function belongs to what it gets its input from.
    assert stages[43] == 'block 2'


def test_a_stage_that_begins_again_is_another() -> None:
    scopes = [('backbone.stem', True), *[('backbone.blocks.0.conv', True)] * 40]
    assert stages_of([*scopes, ('backbone.last', True)])[-1] == 'backbone (2)'


def test_many_small_stages_become_larger_ones() -> None:
    scopes = [(f'part{part}.branch{one}.conv', True) for part in range(9) for one in range(9)]
    assert list(dict.fromkeys(stages_of(scopes))) == [f'part{part}' for part in range(9)]
