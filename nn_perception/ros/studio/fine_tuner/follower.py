"""
Follow the ``fine_tuner`` of a graph, also when it ends and comes back.

What is known of it is kept in memory, so that a page can ask for it as often as it likes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nn_perception.core.quoting import shortened
from nn_perception.ros.inputs.graph import publishers_on, services_and_types
from nn_perception.ros.outputs.qos import LATCHED_QOS
from nn_perception.ros.studio.diagnostics_watch import DiagnosticsWatch, STALE_S
from nn_perception.ros.studio.fine_tuner.job_watch import JobWatch
from nn_perception.ros.studio.fine_tuner.kind import FINE_TUNER, FineTunerKind
from nn_perception.ros.studio.fine_tuner.local_files import FineTunerFiles
from nn_perception.ros.studio.service_calls import ServiceCalls
from nn_perception.studio.backend.fine_tuning import FineTuningState
from nn_perception_interfaces.msg import DatasetSummary, ModelVersion
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rclpy.subscription import Subscription

PARAMETERS = ('base', 'model_name', 'dataset', 'data_folder', 'store_folder')
# A fine_tuner without its network cannot store anything.
NOT_LOADED = 'not loaded'
MAX_LABELS = 10_000


class FineTunerFollower:
    """
    Know the state of a ``fine_tuner``; used in the executor's thread only, except the attributes.

    :ivar name: fully qualified name of the node; empty if there is none
    :ivar files: where it stores things; None until it has said so
    :ivar state: of the dataset; without the job
    :ivar job: the job

    :param node: node that subscribes
    :param services: calls services
    :param camera_of: returns the id of the camera on a topic; None if there is none
    :param kind: which nodes are followed
    """

    def __init__(
        self,
        node: Node,
        services: ServiceCalls,
        camera_of: Callable[[str], str | None],
        kind: FineTunerKind = FINE_TUNER,
    ) -> None:
        self._kind = kind
        self.name = ''
        self.files: FineTunerFiles | None = None
        self.state = FineTuningState(reason=kind.none_runs)
        self.job = JobWatch(node, services)
        self._node = node
        self._services = services
        self._camera_of = camera_of
        self._diagnostics = DiagnosticsWatch(node)
        self._subscriptions: list[Subscription] = []
        self._last_name = ''
        self._writers: set[bytes] = set()
        self._has_summary = False

    def refresh(self) -> None:
        """Look at the graph."""
        self._diagnostics.ask()
        self._diagnostics.refresh()
        found = self._found()
        if self.name not in found:
            self._follow(found[0] if found else '')
        if self.name:
            self._notice_restart()
            self._ask_for_parameters()
            self.job.refresh()
            camera = self._camera()
            self.state = replace(self.state, reason=self._reason(), camera=camera)

    def close(self) -> None:
        """Unsubscribe from everything."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        self.job.close()
        self._diagnostics.close()

    def _found(self) -> list[str]:
        """
        Name the fine_tuners of the graph, sorted.

        A service that has only clients left is listed too, so each must also publish.
        """
        service = f'/{self._kind.add_service}'
        names = (
            name.removesuffix(service)
            for name, types in services_and_types(self._node)
            if name.endswith(service) and self._kind.add_type in types
        )
        return sorted(name for name in names if publishers_on(self._node, f'{name}/dataset'))

    def _follow(self, name: str) -> None:
        if not name and not self.name:
            return
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions, self._writers, self._has_summary = [], set(), False
        self.job.lose(self._kind.job_lost)
        if not name:
            # What was known stays, since it is most likely still there when it comes back.
            self.name = ''
            self.state = replace(self.state, reason=self._kind.none_runs, recording='', camera='')
            return
        if name != self._last_name:
            self.state = FineTuningState()
        self.name, self._last_name, self.files = name, name, None
        self.job.follow(f'{name}/fine_tune')
        self._subscriptions = [
            self._node.create_subscription(*arguments, LATCHED_QOS)
            for arguments in (
                (DatasetSummary, f'{name}/dataset', self._on_dataset),
                (ModelVersion, f'{name}/active_model', self._on_active_model),
            )
        ]

    def _notice_restart(self) -> None:
        """Notice another process with the same name, before that of the old one is forgotten."""
        endpoints = publishers_on(self._node, f'{self.name}/dataset')
        writers = {bytes(endpoint.endpoint_gid) for endpoint in endpoints}
        if self._writers and writers - self._writers:
            self.files = None  # it may have other parameters
            self.job.lose(self._kind.job_lost)
        self._writers = writers or self._writers

    def _ask_for_parameters(self) -> None:
        service = f'{self.name}/get_parameters'
        if self.files is None and self._services.is_ready(GetParameters, service):
            request = GetParameters.Request(names=PARAMETERS)
            self._services.send(GetParameters, service, request, self._on_parameters)

    def _on_parameters(self, response: GetParameters.Response) -> None:
        values = [value.string_value for value in response.values]
        if len(values) == len(PARAMETERS):
            files = self.files = FineTunerFiles(*values)
            self.state = replace(
                self.state, base=files.base, model=files.model_name, dataset=files.dataset
            )

    def _on_dataset(self, msg: DatasetSummary) -> None:
        self._has_summary = True
        counts = dict(zip(msg.labels[:MAX_LABELS], map(int, msg.counts), strict=False))
        self.state = replace(
            self.state,
            dataset=msg.name,
            counts=counts,
            size_bytes=msg.bytes,
            recording=msg.recording_label,
        )

    def _on_active_model(self, msg: ModelVersion) -> None:
        self.state = replace(self.state, active_version=msg.version)

    def _camera(self) -> str:
        report = self._diagnostics.report(self.name)
        if report is None or self.state.camera:
            return self.state.camera
        return self._camera_of(report.topic) or ''

    def _reason(self) -> str:
        """Say why nothing can be stored or trained; empty if it can."""
        report: Any = self._diagnostics.report(self.name)
        if report is not None and report.values.get('device') == NOT_LOADED:
            return shortened(f'{self.name} is not ready: {report.message}')
        if not self._has_summary:
            return f'{self.name} is starting'
        if report is None and self._diagnostics.listened_s > 2 * STALE_S:
            return f'{self.name} does not answer'
        return ''
