"""One digit a place, no letters, no lonely bars."""

from __future__ import annotations

from nn_perception.capabilities.digits.detector import Candidate, Level
from nn_perception.capabilities.digits.selection import choose
import numpy as np

EMPTY = np.zeros((1, 1), np.uint8)
LEVEL = Level(EMPTY, 1.0, 14, 42, EMPTY, EMPTY.astype(np.int32), np.zeros((1, 5), np.int32))

Place = tuple[tuple[int, int, int, int], str, float, float]


def chosen(*places: Place, min_score: float = 0.5) -> list[str]:
    """Choose among places: box, the best digit (or '' for none), its score, unevenness."""
    candidates = [Candidate(LEVEL, (1,), box, 50.0) for box, *_ in places]
    scores = np.zeros((len(places), 10), np.float32)
    for row, (_, label, score, _) in zip(scores, places, strict=True):
        row[int(label or 0)] = score
    uneven = [unevenness for *_, unevenness in places]
    return [digit.label for digit in choose(candidates, scores, uneven, min_score)]


def test_nothing_gives_nothing() -> None:
    assert chosen() == []


def test_the_better_of_two_over_each_other_stays() -> None:
    assert chosen(((0, 0, 20, 30), '3', 0.7, 0.0), ((1, 0, 20, 30), '8', 0.9, 0.0)) == ['8']


def test_a_whole_digit_goes_before_its_part() -> None:
    assert chosen(((0, 0, 30, 60), '2', 0.93, 0.0), ((0, 0, 30, 28), '7', 0.97, 0.0)) == ['2']


def test_a_digit_in_a_frame_stays() -> None:
    frame: Place = ((0, 0, 900, 900), '', 0.3, 0.0)
    assert chosen(frame, ((400, 400, 10, 14), '5', 0.55, 0.0)) == ['5']


def test_the_threshold_is_kept() -> None:
    places: list[Place] = [((40 * i, 0, 20, 30), str(i + 2), 0.2 + 0.2 * i, 0.0) for i in range(4)]
    assert chosen(*places, min_score=0.5) == ['5', '4']
    assert len(chosen(*places, min_score=0.0)) == 4


def test_what_the_network_did_not_see_is_no_digit_at_any_threshold() -> None:
    assert chosen(((0, 0, 20, 30), '', 0.0, 0.9), min_score=0.0) == []


def test_a_lonely_one_needs_paper() -> None:
    one = (0, 0, 8, 30)
    assert chosen((one, '1', 0.9, 0.05)) == ['1']
    assert chosen((one, '1', 0.9, 0.2)) == []
    assert chosen((one, '7', 0.9, 0.2)) == ['7']


def test_a_one_beside_another_digit_stays() -> None:
    one: Place = ((0, 0, 8, 30), '1', 0.9, 0.2)
    assert sorted(chosen(one, ((40, 0, 20, 30), '4', 0.9, 0.1))) == ['1', '4']
    assert chosen(one, ((40, 0, 8, 30), '1', 0.9, 0.2)) == []
    assert chosen(one, ((300, 0, 20, 30), '4', 0.9, 0.1)) == ['4']


def test_letters_go() -> None:
    word: list[Place] = [((24 * i, 0, 20, 30), '', 0.1, 0.0) for i in (1, 2)]
    assert chosen(((0, 0, 20, 30), '5', 0.9, 0.0), *word) == []
