"""The services with which a user interface adds pictures to a dataset, and looks at them."""

from __future__ import annotations

import array
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.ros.fine_tuning import messages
from nn_perception.ros.fine_tuning.dataset_services import DatasetAccess, DatasetServices
from nn_perception.ros.fine_tuning.deferred_service import create_deferred_service
from nn_perception.ros.fine_tuning.frame_recorder import Added
from nn_perception.ros.fine_tuning.picture_reader import PictureReader, StoredPicture
from nn_perception.training.datasets.labelled_frames import distinct_label
from nn_perception_interfaces.srv import AddFrame, GetFrame
from rclpy.node import Node


class FrameServices(DatasetServices):
    """
    Offers the services of a dataset of pictures.

    :param node: has the services
    :param max_pixels: returns the largest product of width and height of a picture
    """

    def __init__(self, node: Node, access: DatasetAccess, max_pixels: Callable[[], int]) -> None:
        super().__init__(node, access)
        self._max_pixels = max_pixels
        self._pictures = PictureReader()
        create_deferred_service(node, AddFrame, '~/add_frame', self._begin_add, _end_add)
        create_deferred_service(node, GetFrame, '~/get_frame', self._begin_get, _end_get)

    def close(self) -> None:
        """Finish the pictures that are being read."""
        self._pictures.close()

    def _begin_add(self, request: AddFrame.Request) -> Future[Added]:
        recorder, max_pixels = self._access.recorder(), self._max_pixels()
        label = distinct_label(request.label, recorder.dataset.counts())
        data, stamp_ns = request.image.data, messages.nanoseconds(request.image.header.stamp)
        added = recorder.add(lambda: _decoded(data, max_pixels), label, stamp_ns)
        return self.publishing(added, recorder)

    def _begin_get(self, request: GetFrame.Request) -> Future[StoredPicture]:
        dataset = self._access.recorder().dataset
        return self._pictures.read(dataset, request.id, request.max_size)


def _decoded(data: Any, max_pixels: int) -> Image:
    try:
        return decode_image(data, upright=True, max_pixels=max_pixels)
    except ValueError as error:
        raise ValueError(f'the picture {error}') from error


def _end_add(response: AddFrame.Response, result: Added) -> None:
    (frame,), response.total = result
    response.success, response.id = True, frame.id
    response.message = f'{frame.label}: {response.total} frames'


def _end_get(response: GetFrame.Response, picture: StoredPicture) -> None:
    image = response.image
    image.header.stamp = messages.stamp(picture.frame.stamp_ns)
    image.format, image.data = picture.format, array.array('B', picture.data)
    response.success, response.message = True, picture.frame.id
