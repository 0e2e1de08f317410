from pathlib import Path
import re

from nn_perception.studio.train.details.walk_steps import STEPS
from nn_perception.studio.train.details_panel import TABS

ROOT = Path(__file__).parents[5]
FIGURES = ('61,706', '99.57 %', '479,611', '99.36 %', '251,563', '99.72 %')


def test_each_step_has_three_sentences_and_a_place() -> None:
    tabs = {tab.name for tab in TABS} | {''}
    for step in STEPS:
        assert len(step.sentences) == 3
        assert all(one[0].isupper() and one.endswith('.') for one in step.sentences)
        assert step.place.selector
        assert step.place.tab in tabs
    assert len({step.title for step in STEPS}) == len(STEPS)


def test_the_figures_are_those_of_the_documentation() -> None:
    weights = (ROOT / 'nn_perception' / 'weights' / 'README.md').read_text()
    digits = (ROOT / 'docs' / 'evaluation' / 'digits.md').read_text()
    said = ' '.join(sentence for step in STEPS for sentence in step.sentences)
    for figure in FIGURES:
        assert figure in said
        assert figure in weights or figure in digits, figure
    assert re.search(r'makes 28 errors in 10,000, 5 of them "not a digit"', digits)
    assert re.search(r'100 ImageNet photographs \| - \| 83 \| 31;', digits)
