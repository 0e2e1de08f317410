"""
The latched topics about the dataset and the active version.

Several threads publish them. Each reads the state and publishes it while it holds a lock:
otherwise an older state could be published last, and would stay.
"""

from __future__ import annotations

from collections import deque
import threading

from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.fine_tuning.frame_recorder import NodeRecorder
from nn_perception.ros.outputs.headers import current_header
from nn_perception.ros.outputs.qos import LATCHED_QOS
from nn_perception.training.model_store.store import ModelStore
from nn_perception_interfaces.msg import DatasetSummary, ModelVersion
from rclpy.node import Node


class DatasetTopic:
    """
    Publishes ``~/dataset``; threads may share it.

    :param node: has the topic
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._publisher = node.create_publisher(DatasetSummary, '~/dataset', LATCHED_QOS)

    def publish(self, recorder: NodeRecorder) -> None:
        """Publish the present state of a dataset and its recording."""
        with self._lock:
            dataset = recorder.dataset
            state = dataset.name, dataset.counts(), dataset.size_bytes, recorder.label
            msg = messages.dataset_summary(*state, current_header(self._node))
            try:
                self._publisher.publish(msg)
            except RuntimeError as error:
                # What is published has happened already, and must not be reported as a failure.
                self._node.get_logger().warning(f'~/dataset could not be published: {error}')


class ActiveModelTopic:
    """
    Publishes ``~/active_model``; threads may share it.

    :ivar version: the version that was published last; empty: none

    :param node: has the topic
    :param store: contains the versions
    :param name: name of the model
    """

    def __init__(self, node: Node, store: ModelStore, name: str) -> None:
        self._store = store
        self._name = name
        self._lock = threading.Lock()
        self._problems: deque[str] = deque(maxlen=1)
        self._publisher = node.create_publisher(ModelVersion, '~/active_model', LATCHED_QOS)
        self.version = ''

    @property
    def changed(self) -> bool:
        """Whether another version than the published one is active."""
        try:
            return (self._store.active_name(self._name) or '') != self.version
        except (ValueError, OSError):
            return False

    def publish(self) -> None:
        """Publish the active version."""
        with self._lock:
            try:
                version = self._store.active(self._name)
            except (ValueError, OSError) as error:
                self._problems.append(str(error))
                return
            self.version = '' if version is None else version.version
            if version is not None:
                self._publisher.publish(messages.model_version(version))

    def take_problem(self) -> str:
        """Return why the active version could not be read since the last call; empty if it was."""
        try:
            return self._problems.popleft()
        except IndexError:
            return ''
