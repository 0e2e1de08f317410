"""A network that one page looks into."""

from __future__ import annotations

import cv2
from nn_perception.core.inspection.records import Layer
from nn_perception.studio.layers.gaze import Gaze
from nn_perception.studio.layers.messages import OpenLayers
from nn_perception.studio.layers.networks import DIGITS, GARMENTS, Networks, RUN
from nn_perception.training.inspection.inspectable import Inspectable, Look, LookRequest
from nn_perception.training.runs.run import Run
import numpy as np
from numpy.typing import NDArray


class OpenedNetwork:
    """
    A network that one page looks into; all methods may be called from any thread.

    :param networks: that can be looked into
    :param network: id of this one
    :raises ValueError: a sentence, if there is none
    :raises OSError: if it cannot be read
    :raises RuntimeError: a sentence, if its process does not start
    :ivar id: of the network
    :ivar network: itself
    :ivar run: the same, if it is a training run; None if it is not
    :ivar layers: all of them
    :ivar labels: names of its outputs; empty if they have none
    """

    def __init__(self, networks: Networks, network: str) -> None:
        self.id = network
        self._info = networks.find(network)
        self.run: Run | None = networks.run(network) if network.startswith(RUN) else None
        self.network: Inspectable = self.run or networks.open(network)
        try:
            self.layers: tuple[Layer, ...] = self.network.layers()
        except BaseException:
            self.network.close()
            raise
        self.labels = networks.labels(network)
        # The test sample that was looked at last, and its picture.
        self._sample: tuple[int, NDArray[np.uint8]] | None = None
        self._names = {layer.name for layer in self.layers}

    def look(self, gaze: Gaze, wanted: OpenLayers) -> Look | None:
        """
        Look at what the page looks at; None if that is nothing.

        :param wanted: what is to be seen; layers of other networks are left out
        :raises ValueError: a sentence, if the picture cannot be looked at
        :raises RuntimeError: a sentence, if the process of the network has ended
        """
        picture = self._picture(gaze)
        if picture is None:
            return None
        layers = [layer for layer in wanted.layers if layer in self._names]
        return self.network.look(LookRequest(picture, layers, wanted.attention))

    def close(self) -> None:
        """Look into it no more."""
        self.network.close()

    def _picture(self, gaze: Gaze) -> NDArray[np.uint8] | None:
        index = gaze.test_index
        if index is not None:
            return self._test_picture(index)
        picture = gaze.take()
        if picture is None or picture.ndim == 3 or self._info.reads in (DIGITS, GARMENTS):
            return picture
        # Photographs show dark ink on white paper.
        return np.asarray(cv2.cvtColor(~picture, cv2.COLOR_GRAY2RGB), np.uint8)

    def _test_picture(self, index: int) -> NDArray[np.uint8] | None:
        if self.run is None:
            return None
        if self._sample is None or self._sample[0] != index:
            self._sample = index, self.run.test_picture(index)
        return self._sample[1]
