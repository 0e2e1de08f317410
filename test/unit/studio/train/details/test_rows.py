"""What the tabs about a run write for people."""

import math

from nn_perception.core.inspection.records import Layer, Statistics
from nn_perception.studio.train.details.evaluation import (
    cell_words,
    evaluation_values,
    MAX_CLASSES,
)
from nn_perception.studio.train.details.layers import layer_row
from nn_perception.studio.train.details.run_detail import whole_number
from nn_perception.studio.train.details.samples import LATEST, Latest, sample_row
from nn_perception.training.runs.records import Evaluation, LayerStatistics, Prediction

LABELS = ('cat', 'dog', 'fox')


def prediction(index: int, truth: int, best: int = 0) -> Prediction:
    rest = [label for label in range(3) if label != best]
    return Prediction(index, truth, (best, *rest), (0.7, 0.2, 0.1))


def test_a_sample_is_right_or_wrong() -> None:
    right, wrong = (sample_row(prediction(4, truth), LABELS) for truth in (0, 1))
    assert right['right']
    assert not wrong['right']
    assert wrong['truth'] == 'dog'
    assert wrong['top'] == [
        {'label': 'cat', 'score': 0.7, 'truth': False},
        {'label': 'dog', 'score': 0.2, 'truth': True},
        {'label': 'fox', 'score': 0.1, 'truth': False},
    ]


def test_the_accuracy_is_that_of_the_samples_looked_at_last() -> None:
    latest = Latest()
    assert latest.words == ''
    latest.add([prediction(0, 0), prediction(1, 1)])
    assert latest.words == '50.0 % right: 1 of the last 2 looked at'
    # The same sample once more counts once, as it is now.
    latest.add([prediction(1, 1, best=1)])
    assert latest.words == '100.0 % right: 2 of the last 2 looked at'
    latest.add([prediction(index, 2) for index in range(10, 10 + LATEST)])
    assert latest.words == f'0.0 % right: 0 of the last {LATEST} looked at'


def test_an_evaluation_is_counted_by_class() -> None:
    found = Evaluation(7, LABELS, 0.5, ((3, 1, 0), (0, 2, 2), (0, 0, 0)), ())
    values = evaluation_values(found)
    assert values['total'] == 8
    assert values['more'] == 0
    assert values['confusion'] == [[3, 1, 0], [0, 2, 2], [0, 0, 0]]
    assert [one['share'] for one in values['classes']] == [0.75, 0.5, 0.0]
    assert [one['count'] for one in values['classes']] == [4, 4, 0]
    assert cell_words(found, 0, 1) == 'truth cat, prediction dog: 1 sample'
    assert cell_words(found, 1, 2) == 'truth dog, prediction fox: 2 samples'


def test_many_classes_are_cut() -> None:
    count = MAX_CLASSES + 5
    confusion = tuple(tuple(int(row == column) for column in range(count)) for row in range(count))
    values = evaluation_values(Evaluation(1, tuple(map(str, range(count))), 1, confusion, ()))
    assert values['more'] == 5
    assert len(values['labels']) == len(values['confusion']) == MAX_CLASSES
    assert {len(row) for row in values['confusion']} == {MAX_CLASSES}
    assert values['total'] == count


def test_a_layer_has_its_tensors_and_maps() -> None:
    layer = Layer('conv', 'conv', ('input',), (2, 24, 24), 1052, 'conv 5 x 5')
    closed = layer_row(layer)
    assert (closed['shape'], closed['parameters']) == ('2 x 24 x 24', '1,052')
    assert closed['tensors'] == closed['maps'] == []
    one = Statistics((2, 4), -1.5, 2.25, 1 / 3, 3, 1, 2, (2, 0))
    names = ('activations', 'gradients', 'weight', 'weight.grad', 'bias', 'bias.grad')
    row = layer_row(layer, LayerStatistics('conv', dict.fromkeys(names, one)))
    assert row['maps'] == ['activations', 'gradients', 'weights', 'weight_gradients']
    assert [tensor['name'] for tensor in row['tensors']] == list(names)
    assert row['tensors'][0]['cells'] == ['-1.5', '2.25', '0.3333', '3 of 8', '1', '2']
    assert row['tensors'][0]['bad']


def test_whole_numbers_of_browsers_are_checked() -> None:
    assert whole_number(3, 0, 9) == 3
    for wrong in (True, 3.0, '3', None, -1, 10, math.nan, [3]):
        assert whole_number(wrong, 0, 9) is None
