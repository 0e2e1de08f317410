"""The steps of the walk-through: how a network is trained, with the figures of this project."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """
    What a step speaks of.

    :param selector: of CSS
    :param text: that the element contains; empty: any
    :param tab: of the details, which is opened first; empty: none
    """

    selector: str
    text: str = ''
    tab: str = ''


@dataclass(frozen=True)
class Step:
    """
    A step.

    :param title: for people
    :param sentences: three of them
    :param place: what they speak of
    """

    title: str
    sentences: tuple[str, str, str]
    place: Place

    def values(self) -> dict[str, Any]:
        """Describe the step for the browser."""
        return asdict(self)


# The figures are those of weights/README.md and docs/evaluation/digits.md; a test compares them.
STEPS = (
    Step(
        'The data',
        (
            'A network learns from pictures whose labels are known: MNIST has 60,000 handwritten '
            'digits to learn from, and 10,000 others to test with.',
            'Some of them are held out: their accuracy says whether the network has learned '
            'something, or only knows its own pictures by heart.',
            'Choose the data here; the generated digits are always there, and labelled frames of '
            'the view Teach can be used too.',
        ),
        Place('.nn-start .q-field', 'Data'),
    ),
    Step(
        'The network',
        (
            'A network is a chain of layers, each of which turns numbers into other numbers.',
            'LeNet-5 has 61,706 weights; trained by this project, it reads 99.57 % of the test '
            'digits of MNIST correctly.',
            'It is data, not code: change a number in the text, and shapes, weights and memory '
            'are computed before anything is built.',
        ),
        Place('.nn-start .nn-expansion', 'Network as text'),
    ),
    Step(
        'MLP against CNN',
        (
            'A fully connected network has a weight for each pixel and unit: digit_mlp has '
            '479,611 weights, and 99.36 % of the test digits of MNIST are right.',
            'A convolution moves the same small filters over the whole picture: digit_cnn has '
            '251,563 weights, about half as many, and 99.72 % are right, with 28 errors in '
            '10,000.',
            'In 100 photographs of other things, the MLP takes 83 places for digits and the CNN '
            'only 31; this button trains one of each side by side.',
        ),
        Place('.nn-start button', 'Compare MLP and CNN'),
    ),
    Step(
        'The loss',
        (
            'The loss says how little the network expected the right label: guessing among ten '
            'classes costs the logarithm of ten, 2.30.',
            'Training makes it smaller, batch by batch, and this graph shows how.',
            'If the training loss goes down while the validation loss goes up, the network '
            'begins to know its pictures by heart.',
        ),
        Place('.nn-curves', 'Loss by batch'),
    ),
    Step(
        'The optimizer and its learning rate',
        (
            'Each step moves every weight a little against its gradient, and the learning rate '
            'says how far.',
            'Too small takes long; too large makes the loss jump, or no number at all, and then '
            'the run says so.',
            'Change it while the run trains: it acts from the next step on, and the graph shows '
            'what it does.',
        ),
        Place('.nn-steering .q-field', 'Learning rate'),
    ),
    Step(
        'What is in the layers',
        (
            'Open a layer: the table counts its zeros and what is not a number, and the histogram '
            'shows how its values are spread.',
            'A gradient says how the loss changes if a value grows a little.',
            'A layer whose activations are all zero learns nothing more, and gradients that are '
            'not a number end a run.',
        ),
        Place('.nn-layers', tab='layers'),
    ),
    Step(
        'What a filter sees',
        (
            'A filter of the first layer of LeNet-5 sees 5 x 5 pixels, wherever it is: open the '
            'layer and look at its weights, blue below zero and orange above.',
            'After some hundred steps they answer to edges and to the ends of strokes; the map of '
            'activations shows where in the digit.',
            'A unit in the first layer of an MLP sees all 28 x 28 pixels at once, and looks like '
            'noise.',
        ),
        Place('.nn-layers', tab='layers'),
    ),
    Step(
        'Test samples',
        (
            'These are pictures that the run never trains with.',
            'The bars are the three labels that it thinks best, and the score of a label is its '
            'probability; all scores together are 1.',
            'Watch them while it trains: the bars of easy digits grow first.',
        ),
        Place('.nn-samples', tab='samples'),
    ),
    Step(
        'The confusion matrix',
        (
            'Rows are what the samples show, columns what the run says: what is not on the '
            'diagonal is a mistake.',
            'Before training, one column has nearly everything, because a network with random '
            'weights answers nearly the same whatever it gets.',
            'Choose a cell to see its examples; of the 28 errors of digit_cnn, 5 are "not a '
            'digit", a class of its own.',
        ),
        Place('.nn-evaluation', tab='evaluation'),
    ),
    Step(
        'Try it yourself',
        (
            'Draw a digit, or open a picture: the drawing is cut out, centred and made 28 pixels '
            'wide, as the samples are.',
            'While the run trains, it reads the drawing anew after each change.',
            'Draw something that is no digit: a network without a class for it names a digit '
            'anyway.',
        ),
        Place('.nn-own', tab='try'),
    ),
    Step(
        'Use it',
        (
            'Write the run as a checkpoint: one file, with the weights, the network as data and '
            'the labels.',
            'The node digit_reader loads it if it reads digits, else the node tagger does, and '
            'the commands are shown.',
            'The file can run no code, so a checkpoint of somebody else is safe to load.',
        ),
        Place('.nn-use', tab='use'),
    ),
)
