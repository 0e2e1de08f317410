"""The services with which a user interface manages the frames, or clips, of a dataset."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.fine_tuning.deferred_service import create_deferred_service
from nn_perception.ros.fine_tuning.frame_recorder import NodeRecorder
from nn_perception.training.datasets.frame_index import FramePage
from nn_perception.training.datasets.media.medium import Words
from nn_perception.training.model_store.relabel import RenamedLabel, StoredModel
from nn_perception_interfaces.srv import DeleteFrames, ListFrames, RenameLabel
from rclpy.node import Node

# Of one response, or one request.
MAX_FRAMES = 1000


@dataclass(frozen=True)
class DatasetAccess:
    """
    What the services work with.

    :param words: what people call what the dataset holds
    :param recorder: returns the open dataset; raises ValueError while there is none
    :param model: returns the model that is fine-tuned on it
    :param job_runs: tells whether a fine-tuning job is running
    :param on_frames: called when frames have changed
    :param on_version: called when another version of the model is active
    """

    words: Words
    recorder: Callable[[], NodeRecorder]
    model: Callable[[], StoredModel]
    job_runs: Callable[[], bool]
    on_frames: Callable[[NodeRecorder], None]
    on_version: Callable[[], None]


class DatasetServices:
    """
    Offers the services that are the same for pictures and sounds.

    What takes long is done in other threads, which also call the functions that fill in the
    responses.

    :param node: has the services
    """

    def __init__(self, node: Node, access: DatasetAccess) -> None:
        self._access = access
        end_list = partial(_end_list, access.words)
        end_delete = partial(_end_delete, access.words)
        services: tuple[tuple[type, str, Callable[[Any], Future[Any]], Any], ...] = (
            (ListFrames, '~/list_frames', self._begin_list, end_list),
            (RenameLabel, '~/rename_label', self._begin_rename, self._end_rename),
            (DeleteFrames, '~/delete_frames', self._begin_delete, end_delete),
        )
        for kind, name, begin, end in services:
            create_deferred_service(node, kind, name, begin, end)

    def _begin_list(self, request: ListFrames.Request) -> Future[FramePage]:
        limit = min(request.limit or MAX_FRAMES, MAX_FRAMES)
        dataset, page = self._access.recorder().dataset, Future[FramePage]()
        page.set_result(dataset.newest(request.label, request.offset, limit))
        return page

    def _begin_rename(self, request: RenameLabel.Request) -> Future[RenamedLabel]:
        recorder = self._access.recorder()
        if self._access.job_runs():
            raise ValueError(
                'a fine-tuning job is running, which uses the labels; wait for it, or cancel it'
            )
        renamed = recorder.rename_label(self._access.model(), request.label, request.new_label)
        return self.publishing(renamed, recorder)

    def _end_rename(self, response: RenameLabel.Response, result: RenamedLabel) -> None:
        response.success, response.message = True, result.message
        response.renamed = result.frames
        if result.version:
            self._access.on_version()

    def _begin_delete(self, request: DeleteFrames.Request) -> Future[int]:
        recorder, ids = self._access.recorder(), list(request.ids)
        if not ids:
            deleted = recorder.delete(request.label, newest_only=request.newest_only)
        elif request.newest_only:
            raise ValueError('newest_only must be false with ids')
        elif len(ids) > MAX_FRAMES:
            raise ValueError(f'at most {MAX_FRAMES} ids can be deleted at once, got {len(ids)}')
        else:
            deleted = recorder.delete_frames(ids, request.label)
        return self.publishing(deleted, recorder)

    def publishing(self, change: Future[Any], recorder: NodeRecorder) -> Future[Any]:
        """Let a change be published before it is answered; some of one that fails may be done."""
        change.add_done_callback(lambda _: self._access.on_frames(recorder))
        return change


def _end_list(words: Words, response: ListFrames.Response, page: FramePage) -> None:
    response.success, response.total = True, page.total
    response.frames = [messages.labelled_frame(frame) for frame in page.frames]
    response.message = f'{len(page.frames)} of {page.total} {words.items}'


def _end_delete(words: Words, response: DeleteFrames.Response, deleted: int) -> None:
    response.success, response.deleted = True, deleted
    response.message = f'deleted {deleted} {words.items}'
