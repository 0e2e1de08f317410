"""The networks that the view Layers looks into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import logging

from nn_perception.core.files.folders import WEIGHTS_FOLDER
from nn_perception.core.inference.checkpoint import Checkpoint, SUFFIX
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.studio.backend.fine_tuning import FineTuning
from nn_perception.training.inspection.inspectable import Inspectable
from nn_perception.training.runs.data.catalog import available_data
from nn_perception.training.runs.run import Run, Runs

LOG = logging.getLogger(__name__)

# What a network is shown: drawn digits, a garment, pictures, people.
DIGITS, GARMENTS, PICTURES, PEOPLE = 'digits', 'garments', 'pictures', 'people'
VERSION, RUN = 'version:', 'run:'
# Of the name of a run: when it was started, to the second.
TIME_LENGTH = 15


@dataclass(frozen=True)
class NetworkInfo:
    """
    A network that can be looked into.

    :param id: identifies it
    :param title: for people
    :param group: what it belongs with, for people
    :param reads: one of ``DIGITS``, ``GARMENTS``, ``PICTURES`` and ``PEOPLE``
    """

    id: str
    title: str
    group: str
    reads: str


SHIPPED = (
    NetworkInfo('lenet5', 'LeNet-5', 'Shipped', DIGITS),
    NetworkInfo('digit_cnn', 'digit_cnn (convolutions)', 'Shipped', DIGITS),
    NetworkInfo('digit_mlp', 'digit_mlp (fully connected)', 'Shipped', DIGITS),
    NetworkInfo('fashion_cnn', 'fashion_cnn (garments)', 'Shipped', GARMENTS),
    NetworkInfo('efficientnet_lite0', 'EfficientNet-Lite0 (photographs)', 'Shipped', PICTURES),
    NetworkInfo('movenet_multipose', 'MoveNet MultiPose (people)', 'Shipped', PEOPLE),
)
# What a run is shown, by the name of its samples; other samples are pictures.
RUN_READS = {'mnist': DIGITS, 'generated_digits': DIGITS, 'fashion_mnist': GARMENTS}


class Networks:
    """
    The networks that can be looked into; all methods may be called from any thread.

    :param fine_tuning: has the fine-tuned models
    :param open_model: opens a shipped or fine-tuned model by its name or path
    :param runs: that train, or have trained
    """

    def __init__(
        self,
        fine_tuning: Callable[[], FineTuning],
        open_model: Callable[[str], Inspectable],
        runs: Runs,
    ) -> None:
        self._fine_tuning = fine_tuning
        self._open_model = open_model
        self._runs = runs

    def list(self) -> list[NetworkInfo]:
        """List what there is now; what cannot be listed is left out."""
        found = [one for one in SHIPPED if (WEIGHTS_FOLDER / f'{one.id}{SUFFIX}').is_file()]
        try:
            found += [
                NetworkInfo(f'{VERSION}{one.version}', one.version, 'Fine-tuned', PICTURES)
                for one in self._fine_tuning().versions()
            ]
        except (ValueError, OSError, RuntimeError) as error:
            LOG.debug('the versions cannot be listed: %s', error)
        try:
            found += [_info(run) for run in self._runs.list()]
        except (ValueError, OSError, RuntimeError) as error:
            LOG.debug('the runs cannot be listed: %s', error)
        return found

    def find(self, network: str) -> NetworkInfo:
        """
        Find a network by its id.

        :raises ValueError: a sentence, if there is none
        """
        if network.startswith(RUN):
            return _info(self.run(network))
        for one in self.list():
            if one.id == network:
                return one
        raise ValueError(f'there is no network {network.partition(":")[2] or network} any more')

    def open(self, network: str) -> Inspectable:
        """
        Open a shipped or fine-tuned network.

        :param network: id of a network that is no run
        :raises ValueError: a sentence, if there is none
        :raises OSError: if it cannot be read
        :raises RuntimeError: a sentence, if its process does not start
        """
        if network.startswith(VERSION):
            return self._open_model(
                str(self._fine_tuning().checkpoint(network.removeprefix(VERSION)))
            )
        return self._open_model(network)

    def labels(self, network: str) -> tuple[str, ...]:
        """Name the outputs of a network; empty if they have no names."""
        try:
            if network.startswith(RUN):
                data = self.run(network).settings.data
                return next((one.labels for one in available_data() if one.name == data), ())
            if network.startswith(VERSION):
                version = network.removeprefix(VERSION)
                return Checkpoint.read(self._fine_tuning().checkpoint(version)).labels
            return find_checkpoint(network).labels
        except (ValueError, OSError, RuntimeError) as error:
            LOG.debug('the labels of %s cannot be read: %s', network, error)
            return ()

    def run(self, network: str) -> Run:
        """
        Return a training run.

        :param network: id of a network that is a run
        :raises ValueError: a sentence, if there is none
        """
        return self._runs.find(network.removeprefix(RUN))


def _info(run: Run) -> NetworkInfo:
    reads = RUN_READS.get(run.settings.data, PICTURES)
    title = f'{run.settings.title}, {run.name[:TIME_LENGTH]}'
    return NetworkInfo(f'{RUN}{run.name}', title, 'Runs', reads)
