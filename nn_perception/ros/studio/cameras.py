"""The cameras of a ROS graph, and the results for their images."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
import threading

from nn_perception.core.quoting import quoted
from nn_perception.ros.inputs.graph import topics_and_types
from nn_perception.ros.inputs.shared_image_subscription import SharedImageSubscriptions
from nn_perception.ros.inputs.silence import COMPRESSED_SUFFIX
from nn_perception.ros.studio.camera_topics import camera_topics, CameraTopic
from nn_perception.ros.studio.capabilities import RosCapabilities
from nn_perception.ros.studio.executor_calls import ExecutorCalls
from nn_perception.ros.studio.result_subscriptions import Result, ResultSubscriptions
from nn_perception.ros.studio.topic_camera import TopicCamera
from nn_perception.studio.backend.cameras import (
    CameraInfo,
    CameraListener,
    CameraResult,
    Watch,
)
from nn_perception.studio.viewer.feed import Feed
from rclpy.node import Node

KIND = 'topic'
# Every page asks for the list again and again.
LIST_TIMEOUT_S = 1.0


class RosCameras:
    """
    Every topic with images of a camera; only those that somebody watches are subscribed to.

    :param node: node that subscribes
    :param calls: of its executor
    :param capabilities: know how long the networks take
    """

    def __init__(self, node: Node, calls: ExecutorCalls, capabilities: RosCapabilities) -> None:
        self._node = node
        self._calls = calls
        self._capabilities = capabilities
        self._subscriptions = SharedImageSubscriptions(node)
        self._results = ResultSubscriptions(node, self._on_result)
        self._lock = threading.Lock()
        self._cameras: dict[str, TopicCamera] = {}
        self._listed: Sequence[CameraInfo] = ()

    @property
    def watched(self) -> int:
        """Number of cameras that somebody watches."""
        return sum(camera.is_open for camera in self._all())

    def list(self) -> Sequence[CameraInfo]:
        """List the cameras that are published now; if the node is too busy, those of before."""
        with suppress(RuntimeError):
            found = self._calls.call(self._published, LIST_TIMEOUT_S)
            self._listed = [CameraInfo(camera.name, camera.name, KIND) for camera in found]
        return self._listed

    def watch(self, camera: str, capabilities: frozenset[str], listener: CameraListener) -> Watch:
        """
        Receive the images of a topic, and what the nodes of the graph find in them.

        :raises ValueError: if nobody publishes images there
        """
        found = self._calls.call(partial(self._find, camera))
        with self._lock:
            known = self._cameras.get(camera)
            is_watched = known is not None and known.feed.demand is not None
            if found is None and not is_watched:
                raise ValueError(f'nobody publishes images on {quoted(camera)}')
            if known is None:
                feed = Feed(partial(self._on_demand, camera), camera)
                known = TopicCamera(self._node, self._subscriptions, camera, feed, self._find)
                self._cameras[camera] = known
        return known.feed.watch(capabilities, listener)

    def camera_of(self, topic: str) -> str | None:
        """
        Name the camera whose images are on a topic, in the executor's thread.

        :param topic: of raw or compressed images
        :returns: None if nobody publishes images there
        """
        for camera in (topic, topic.removesuffix(COMPRESSED_SUFFIX)):
            if self._find(camera) is not None:
                return camera
        return None

    def silence_reason(self, camera: str) -> str:
        """Say why no image arrives; empty if images arrive, or nobody watches."""
        known = self._cameras.get(camera)
        return '' if known is None else self._calls.call(known.silence_reason)

    def refresh(self) -> None:
        """Follow the graph, in the executor's thread; forget cameras that are gone."""
        for camera in self._all():
            camera.refresh()
        self._results.refresh()

    def close(self) -> None:
        """Unsubscribe from all, in the executor's thread."""
        for camera in self._all():
            camera.close()
        self._results.close()

    def _all(self) -> Sequence[TopicCamera]:
        with self._lock:
            return list(self._cameras.values())

    def _published(self) -> Sequence[CameraTopic]:
        topics = [
            (name, types)
            for name, types in topics_and_types(self._node)
            if self._node.count_publishers(name)
        ]
        return camera_topics(topics)

    def _find(self, name: str) -> CameraTopic | None:
        return next((one for one in self._published() if one.name == name), None)

    def _on_demand(self, camera: str, _: frozenset[str] | None) -> None:
        """Note that somebody watches a camera, or nobody does any more; called in any thread."""
        self._calls.post(partial(self._follow_demand, camera))

    def _follow_demand(self, name: str) -> None:
        with self._lock:
            camera = self._cameras[name]
        # By now it may have changed again.
        if camera.feed.demand is None:
            camera.close()
        else:
            camera.open()
        wanted = [one.feed.demand or frozenset() for one in self._all()]
        self._results.want(frozenset().union(*wanted))

    def _on_result(self, result: Result) -> None:
        inference_ms = self._capabilities.inference_ms(result.nodes)
        passed_on = CameraResult(
            result.capability, result.key.stamp_ns, result.values, inference_ms
        )
        for camera in self._all():
            camera.offer_result(result.key, passed_on)
