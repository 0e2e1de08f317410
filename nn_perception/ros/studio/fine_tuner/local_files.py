"""The files of a ``fine_tuner``, on the machine that it shares with the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nn_perception.core.files.folders import folder_of
from nn_perception.core.files.names import checked_name
from nn_perception.core.quoting import quoted
from nn_perception.training.model_store.store import ModelStore
from nn_perception.training.model_store.version import read_version, Version, version_names


@dataclass(frozen=True)
class FineTunerFiles:
    """
    Where a ``fine_tuner`` stores what it stores: the values of its parameters.

    :param base: network that is fine-tuned
    :param model_name: name of the fine-tuned model
    :param dataset: name of the dataset
    :param data_folder: folder of the datasets; empty: the default
    :param store_folder: folder of the model store; empty: the default
    """

    base: str
    model_name: str
    dataset: str
    data_folder: str
    store_folder: str

    def dataset_path(self) -> Path:
        """
        Return the folder of the dataset.

        :raises ValueError: if its name is not allowed
        :raises RuntimeError: if it is not on this machine
        """
        folder = folder_of('datasets', self.data_folder) / checked_name(self.dataset, 'dataset')
        if not folder.is_dir():
            raise RuntimeError(
                f'this machine has no folder {folder}: for this, the page must run on the machine '
                'of the fine_tuner'
            )
        return folder

    def version(self, name: str) -> Version:
        """
        Read a version of the model.

        :raises ValueError: if there is no such version, or it is damaged
        :raises RuntimeError: if the store is not on this machine
        """
        store = self._store_here()
        folder = store.root / self.model_name
        if name not in version_names(folder):
            raise ValueError(f'{self.model_name} has no version {quoted(name)} in {store.root}')
        return read_version(folder, name, active=store.active_name(self.model_name) == name)

    def previous_version(self) -> str:
        """
        Return the version that was active before the active one.

        :raises ValueError: if there is none
        :raises RuntimeError: if the store is not on this machine
        """
        before = self._store_here().previous(self.model_name)
        if before is None:
            raise ValueError(f'{self.model_name} has no previously active version')
        return before

    def _store_here(self) -> ModelStore:
        checked_name(self.model_name, 'model', spaces=False)
        self.dataset_path()  # whose folder exists, unlike that of a model without versions
        return ModelStore(folder_of('models', self.store_folder))
