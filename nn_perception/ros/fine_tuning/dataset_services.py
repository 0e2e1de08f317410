"""The services with which a user interface manages the frames of a dataset."""

from __future__ import annotations

import array
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.fine_tuning.deferred_service import create_deferred_service
from nn_perception.ros.fine_tuning.frame_recorder import Added, FrameRecorder
from nn_perception.ros.fine_tuning.picture_reader import PictureReader, StoredPicture
from nn_perception.training.datasets.frame_index import FramePage
from nn_perception.training.datasets.labelled_frames import distinct_label
from nn_perception.training.model_store.relabel import RenamedLabel, StoredModel
from nn_perception_interfaces.srv import (
    AddFrame,
    DeleteFrames,
    GetFrame,
    ListFrames,
    RenameLabel,
)
from rclpy.node import Node

# Of one response, or one request.
MAX_FRAMES = 1000


@dataclass(frozen=True)
class DatasetAccess:
    """
    What the services work with.

    :param recorder: returns the open dataset; raises ValueError while there is none
    :param model: returns the model that is fine-tuned on it
    :param max_pixels: returns the largest product of width and height of a picture
    :param job_runs: tells whether a fine-tuning job is running
    :param on_frames: called when frames have changed
    :param on_version: called when another version of the model is active
    """

    recorder: Callable[[], FrameRecorder]
    model: Callable[[], StoredModel]
    max_pixels: Callable[[], int]
    job_runs: Callable[[], bool]
    on_frames: Callable[[FrameRecorder], None]
    on_version: Callable[[], None]


class DatasetServices:
    """
    Offers the services.

    What takes long is done in other threads, which also call the functions that fill in the
    responses.

    :param node: has the services
    """

    def __init__(self, node: Node, access: DatasetAccess) -> None:
        self._access = access
        self._pictures = PictureReader()
        services: tuple[tuple[type, str, Callable[[Any], Future[Any]], Any], ...] = (
            (AddFrame, '~/add_frame', self._begin_add, _end_add),
            (ListFrames, '~/list_frames', self._begin_list, _end_list),
            (GetFrame, '~/get_frame', self._begin_get, _end_get),
            (RenameLabel, '~/rename_label', self._begin_rename, self._end_rename),
            (DeleteFrames, '~/delete_frames', self._begin_delete, _end_delete),
        )
        for kind, name, begin, end in services:
            create_deferred_service(node, kind, name, begin, end)

    def close(self) -> None:
        """Finish the pictures that are being read."""
        self._pictures.close()

    def _begin_add(self, request: AddFrame.Request) -> Future[Added]:
        recorder, max_pixels = self._access.recorder(), self._access.max_pixels()
        label = distinct_label(request.label, recorder.dataset.counts())
        stamp, data = request.image.header.stamp, request.image.data
        stamp_ns = stamp.sec * 10**9 + stamp.nanosec
        added = recorder.add(lambda: _decoded(data, max_pixels), label, stamp_ns)
        return self._publishing(added, recorder)

    def _begin_list(self, request: ListFrames.Request) -> Future[FramePage]:
        limit = min(request.limit or MAX_FRAMES, MAX_FRAMES)
        dataset, page = self._access.recorder().dataset, Future[FramePage]()
        page.set_result(dataset.newest(request.label, request.offset, limit))
        return page

    def _begin_get(self, request: GetFrame.Request) -> Future[StoredPicture]:
        dataset = self._access.recorder().dataset
        return self._pictures.read(dataset, request.id, request.max_size)

    def _begin_rename(self, request: RenameLabel.Request) -> Future[RenamedLabel]:
        recorder = self._access.recorder()
        if self._access.job_runs():
            raise ValueError(
                'a fine-tuning job is running, which uses the labels; wait for it, or cancel it'
            )
        renamed = recorder.rename_label(self._access.model(), request.label, request.new_label)
        return self._publishing(renamed, recorder)

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
        return self._publishing(deleted, recorder)

    def _publishing(self, change: Future[Any], recorder: FrameRecorder) -> Future[Any]:
        """Let a change be published before it is answered; some of one that fails may be done."""
        change.add_done_callback(lambda _: self._access.on_frames(recorder))
        return change


def _decoded(data: Any, max_pixels: int) -> Image:
    try:
        return decode_image(data, upright=True, max_pixels=max_pixels)
    except ValueError as error:
        raise ValueError(f'the picture {error}') from error


def _end_add(response: AddFrame.Response, result: Added) -> None:
    (frame,), response.total = result
    response.success, response.id = True, frame.id
    response.message = f'{frame.label}: {response.total} frames'


def _end_list(response: ListFrames.Response, page: FramePage) -> None:
    response.success, response.total = True, page.total
    response.frames = [messages.labelled_frame(frame) for frame in page.frames]
    response.message = f'{len(page.frames)} of {page.total} frames'


def _end_get(response: GetFrame.Response, picture: StoredPicture) -> None:
    image = response.image
    image.header.stamp = messages.stamp(picture.frame.stamp_ns)
    image.format, image.data = picture.format, array.array('B', picture.data)
    response.success, response.message = True, picture.frame.id


def _end_delete(response: DeleteFrames.Response, deleted: int) -> None:
    response.success, response.deleted = True, deleted
    response.message = f'deleted {deleted} frames'
