"""What ``nn_perception bench`` does with measured rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
from pathlib import Path

from nn_perception.benchmark import table
from nn_perception.benchmark.table import Row
from nn_perception.cli.main import main
import pytest

FIGURES = {'p50_ms': 12.0, 'bare_p50_ms': 6.5}


def row(what: str, reached: bool = True) -> Row:
    return Row(what, '<= 3 x', '2.0 x', reached, FIGURES)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the measurements by rows."""

    def replace(*rows: Row) -> None:
        def node_rows(seconds: float, clean_ends: int) -> Iterator[Row]:
            assert (seconds, clean_ends) == (2.0, 3)
            yield from rows

        monkeypatch.setattr(table, 'engine_row', lambda: row('engine'))
        monkeypatch.setattr(table, 'node_rows', node_rows)

    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    return replace


OPTIONS = ('--seconds', '2', '--clean-ends', '3')


def test_prints_a_table_and_writes_all_figures(
    measured: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(row('node'))
    assert main(['bench', *OPTIONS, '--output', str(tmp_path / 'bench.json')]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        [what, '<=', '3', 'x', '2.0', 'x', 'yes'] for what in ('engine', 'node')
    ]
    written = json.loads((tmp_path / 'bench.json').read_text())
    assert list(written) == ['cores', 'rows']
    assert written['rows'][1] == {
        'what': 'node',
        'must': '<= 3 x',
        'measured': '2.0 x',
        'reached': True,
        'figures': FIGURES,
    }


def test_a_figure_that_is_not_reached(
    measured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    measured(row('node', reached=False), row('another'))
    assert main(['bench', *OPTIONS, '--json']) == 1
    output = capsys.readouterr().out
    assert [entry['what'] for entry in json.loads(output)['rows']] == ['engine', 'node', 'another']
    assert main(['bench', *OPTIONS]) == 1
    assert capsys.readouterr().out.splitlines()[1].endswith(' NO')
