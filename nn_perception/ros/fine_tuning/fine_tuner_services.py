"""What every node that fine-tunes models offers, whatever its models are for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from nn_perception.core.files.folders import folder_of
from nn_perception.core.files.names import checked_name
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.fine_tuning.dataset_services import DatasetAccess
from nn_perception.ros.fine_tuning.deferred_service import create_deferred_service
from nn_perception.ros.fine_tuning.fine_tune_action import FineTuneAction
from nn_perception.ros.fine_tuning.fine_tuner_parameters import FineTuningParameters, MEGABYTE
from nn_perception.ros.fine_tuning.frame_recorder import Added, NodeRecorder
from nn_perception.ros.fine_tuning.summary_topics import ActiveModelTopic, DatasetTopic
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder
from nn_perception.training.datasets.labelled_frames import distinct_label
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.fine_tuning.job import FineTuningJob
from nn_perception.training.model_store.relabel import StoredModel
from nn_perception.training.model_store.store import ModelStore
from nn_perception.training.model_store.version import Version
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.srv import ActivateModel, Capture, ListModels, Record
from rclpy.node import Node

R = TypeVar('R', bound=NodeRecorder)


@dataclass(frozen=True)
class FineTunerKind(Generic[R]):
    """
    What differs between the nodes.

    :param medium: what is recorded
    :param parameters: returns the current parameters
    :param make_recorder: joins dataset and embedder
    :param capture: stores the newest frame or clip under a label; ValueError if there is none
    """

    medium: Medium
    parameters: Callable[[], FineTuningParameters]
    make_recorder: Callable[[Dataset, Embedder], R]
    capture: Callable[[R, str], Future[Added]]


class FineTunerServices(Generic[R]):
    """
    Record into a dataset, fine-tune a model on it, and manage its versions.

    What takes long is done in other threads, which also call the functions that fill in the
    responses.

    :param node: has the services, the action and the topics
    :param kind: what differs between nodes
    :ivar recorder: the open dataset; None while there is none
    """

    def __init__(self, node: Node, kind: FineTunerKind[R]) -> None:
        self._kind = kind
        p = kind.parameters()
        self._store = ModelStore(folder_of('models', p.store_folder))
        # Reads and writes the store, since a version is a large file.
        self._store_thread = ThreadPoolExecutor(1, thread_name_prefix='model_store')
        self.recorder: R | None = None
        self._dataset_topic = DatasetTopic(node)
        self._active_model = ActiveModelTopic(node, self._store, p.model_name)
        for srv, name, begin, end in (
            (Capture, '~/capture', self._begin_capture, self._end_capture),
            (Record, '~/record', self._begin_record, self._end_record),
            (ListModels, '~/list_models', self._begin_list, self._end_list),
            (ActivateModel, '~/activate_model', self._begin_activate, self._end_activate),
        ):
            create_deferred_service(node, srv, name, begin, end)
        self._action = FineTuneAction(node, self._job_of, self._on_new_version)

    @property
    def access(self) -> DatasetAccess:
        """What the services of the dataset work with."""
        return DatasetAccess(
            words=self._kind.medium.words,
            recorder=self._open_recorder,
            model=self._stored_model,
            job_runs=lambda: self._action.running,
            on_frames=self._dataset_topic.publish,
            on_version=self._active_model.publish,
        )

    # Lifecycle.

    def load(self, options: RunOptions) -> R:
        """
        Open the dataset, and the network that computes its embeddings.

        :raises ValueError: if a parameter or a file is not usable
        :raises OSError: if a file cannot be read
        :raises RuntimeError: if the network cannot be loaded
        """
        p, medium = self._kind.parameters(), self._kind.medium
        checked_name(p.model_name, 'model', spaces=False)
        embedder = Embedder.open(p.base, options)
        try:
            if embedder.medium is not medium:
                files = embedder.medium.words.files, medium.words.files
                raise ValueError('{} is a network for {}, not {}'.format(p.base, *files))
            embedder.warm_up()
            root = folder_of('datasets', p.data_folder)
            dataset = Dataset.open(root, p.dataset, p.quota_mb * MEGABYTE, medium)
        except (ValueError, OSError, RuntimeError):
            embedder.close()
            raise
        self.recorder = self._kind.make_recorder(dataset, embedder)
        self.publish_dataset()
        self._active_model.publish()
        return self.recorder

    def stop_recording(self) -> None:
        """End the recording, if there is one."""
        if self.recorder is not None and self.recorder.label:
            self.recorder.stop()
            self.publish_dataset()

    def unload(self) -> None:
        """Cancel the running job, finish the pending captures, and close dataset and network."""
        self._action.stop()
        self.stop_recording()
        if self.recorder is not None:
            self.recorder.close()
            self.recorder = None

    def close(self) -> None:
        """Finish what has begun while its responses can still be sent."""
        self._action.close()
        self.stop_recording()
        if self.recorder is not None:
            self.recorder.close()
        self._store_thread.shutdown()

    # For the node's diagnostics and topics.

    def diagnostic_values(self) -> dict[str, object]:
        """Count what is stored, and name the model and its device."""
        recorder = self.recorder
        counts = {} if recorder is None else recorder.dataset.counts()
        return {
            self._kind.medium.words.items: sum(counts.values()),
            'labels': len(counts),
            'recording': '' if recorder is None else recorder.label,
            'fine_tuning': self._action.running,
            'active_version': self._active_model.version,
            'model': self._kind.parameters().base,
            'device': 'not loaded' if recorder is None else recorder.device,
        }

    def take_problem(self) -> str:
        """Say why a recording ended by itself, or why the active version cannot be read."""
        recording = self.recorder.take_problem() if self.recorder else ''
        return recording or self._active_model.take_problem()

    def poll(self) -> None:
        """Publish the active version when another process has changed it."""
        if self._active_model.changed:
            self._store_thread.submit(self._active_model.publish)

    def publish_dataset(self) -> None:
        """Publish the state of the dataset."""
        recorder = self.recorder
        if recorder is not None:
            self._dataset_topic.publish(recorder)

    # Services.

    def _begin_capture(self, request: Capture.Request) -> Future[Added]:
        recorder = self._open_recorder()
        label = distinct_label(request.label, recorder.dataset.counts())
        return self._kind.capture(recorder, label)

    def _end_capture(self, response: Capture.Response, result: Added) -> None:
        (frame,), response.total = result
        items = self._kind.medium.words.items
        response.success, response.message = True, f'{frame.label}: {response.total} {items}'
        self.publish_dataset()

    def _begin_record(self, request: Record.Request) -> Future[str]:
        recorder = self._open_recorder()
        if not request.record:
            return recorder.stop()
        return recorder.record(request.label, request.rate, request.timeout)

    def _end_record(self, response: Record.Response, label: str) -> None:
        response.success = True
        response.message = f'recording {label}' if label else 'not recording'
        self.publish_dataset()

    def _begin_list(self, _: ListModels.Request) -> Future[list[Version]]:
        name = self._kind.parameters().model_name
        return self._store_thread.submit(self._store.versions, name)

    def _end_list(self, response: ListModels.Response, versions: list[Version]) -> None:
        response.models = [messages.model_version(version) for version in versions]

    def _begin_activate(self, request: ActivateModel.Request) -> Future[Version]:
        name = self._kind.parameters().model_name
        return self._store_thread.submit(self._store.activate, name, request.version)

    def _end_activate(self, response: ActivateModel.Response, version: Version) -> None:
        response.success, response.message = True, f'{version.version} is active'
        self._active_model.publish()

    def _open_recorder(self) -> R:
        """Return the recorder; ValueError while the node is not configured."""
        if self.recorder is None:
            raise ValueError('the node is not configured')
        return self.recorder

    # Fine-tuning.

    def _job_of(self, goal: FineTune.Goal) -> FineTuningJob:
        p = self._kind.parameters()
        return FineTuningJob(
            dataset=self._open_recorder().dataset.folder,
            store=self._store.root,
            name=p.model_name,
            base=p.base,
            settings=messages.fine_tune_settings(goal),
            activate=goal.activate,
            store_limit=p.store_limit,
        )

    def _stored_model(self) -> StoredModel:
        p = self._kind.parameters()
        return StoredModel(self._store, p.model_name, p.store_limit)

    def _on_new_version(self) -> None:
        self._store_thread.submit(self._active_model.publish)
