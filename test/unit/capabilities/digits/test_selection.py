"""No duplicates, no letters, no isolated bars."""

from __future__ import annotations

from nn_perception.capabilities.digits.candidates import Candidate, PyramidLevel
from nn_perception.capabilities.digits.selection import select_digits
import numpy as np

EMPTY = np.zeros((1, 1), np.uint8)
LABELS, STATS = EMPTY.astype(np.int32), np.zeros((1, 5), np.int32)
LEVEL = PyramidLevel(EMPTY, 1.0, 14, 42, EMPTY, LABELS, STATS)

Place = tuple[tuple[int, int, int, int], str, float, float]


def selected(*places: Place, min_score: float = 0.5) -> list[str]:
    """Select from places: box, best label (or '' for none), its score, unevenness."""
    candidates = [Candidate(LEVEL, (1,), box, 50.0) for box, *_ in places]
    scores = np.zeros((len(places), 10), np.float32)
    for row, (_, label, score, _) in zip(scores, places, strict=True):
        row[int(label or 0)] = score
    unevenness = [value for *_, value in places]
    return [digit.label for digit in select_digits(candidates, scores, unevenness, min_score)]


def test_no_candidates_no_digits() -> None:
    assert selected() == []


def test_the_better_one_of_two_duplicates_is_kept() -> None:
    assert selected(((0, 0, 20, 30), '3', 0.7, 0.0), ((1, 0, 20, 30), '8', 0.9, 0.0)) == ['8']


def test_a_whole_digit_is_preferred_to_its_part() -> None:
    assert selected(((0, 0, 30, 60), '2', 0.93, 0.0), ((0, 0, 30, 28), '7', 0.97, 0.0)) == ['2']


def test_a_digit_in_a_frame_is_kept() -> None:
    frame: Place = ((0, 0, 900, 900), '', 0.3, 0.0)
    assert selected(frame, ((400, 400, 10, 14), '5', 0.55, 0.0)) == ['5']


def test_digits_below_the_minimum_score_are_dropped() -> None:
    places: list[Place] = [((40 * i, 0, 20, 30), str(i + 2), 0.2 + 0.2 * i, 0.0) for i in range(4)]
    assert selected(*places, min_score=0.5) == ['5', '4']
    assert len(selected(*places, min_score=0.0)) == 4


def test_an_unclassified_candidate_is_no_digit_at_any_minimum_score() -> None:
    assert selected(((0, 0, 20, 30), '', 0.0, 0.9), min_score=0.0) == []


def test_an_isolated_one_needs_an_even_background() -> None:
    one = (0, 0, 8, 30)
    assert selected((one, '1', 0.9, 0.05)) == ['1']
    assert selected((one, '1', 0.9, 0.2)) == []
    assert selected((one, '7', 0.9, 0.2)) == ['7']


def test_a_one_beside_another_digit_is_kept() -> None:
    one: Place = ((0, 0, 8, 30), '1', 0.9, 0.2)
    assert sorted(selected(one, ((40, 0, 20, 30), '4', 0.9, 0.1))) == ['1', '4']
    assert selected(one, ((40, 0, 8, 30), '1', 0.9, 0.2)) == []
    assert selected(one, ((300, 0, 20, 30), '4', 0.9, 0.1)) == ['4']


def test_letters_are_dropped() -> None:
    word: list[Place] = [((24 * i, 0, 20, 30), '', 0.1, 0.0) for i in (1, 2)]
    assert selected(((0, 0, 20, 30), '5', 0.9, 0.0), *word) == []
