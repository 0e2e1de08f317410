"""What all views of the page share."""

from __future__ import annotations

from dataclasses import dataclass, field

from nn_perception.studio.backend.backend import Backend
from nn_perception.studio.backend.cameras import Cameras
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.local.sounds.hearing import Hearing
from nn_perception.studio.local.uploads import Uploads
from nn_perception.studio.options import StudioOptions
from nn_perception.studio.train.feed import RunFeed
from nn_perception.studio.viewer.joined_cameras import JoinedCameras
from nn_perception.training.inspection.models import ModelInspectors
from nn_perception.training.runs.run import Runs
from nn_perception.training.runs.store.run_store import RunStore


@dataclass(frozen=True)
class Studio:
    """
    What all views of the page share.

    :param backend: the robot
    :param options: where the page is served, and to whom
    :param perception: processes the pictures that browsers send; the backend in process uses it
        too
    :param hearing: hears the microphones of browsers; the backend in process uses it too
    :param runs: training runs; nothing is created before one is prepared or started
    :param inspectors: look into models that are not being trained; no process is started before
        one is opened
    :ivar run_feed: what the runs report, asked for once for all pages
    :ivar uploads: videos and bags that browsers have sent
    :ivar cameras: those of the robot, and the uploads
    """

    backend: Backend
    options: StudioOptions = field(default_factory=StudioOptions)
    perception: Perception = field(default_factory=Perception)
    hearing: Hearing = field(default_factory=Hearing)
    runs: Runs = field(default_factory=RunStore)
    inspectors: ModelInspectors = field(default_factory=ModelInspectors)
    run_feed: RunFeed = field(init=False)
    uploads: Uploads = field(init=False)
    cameras: Cameras = field(init=False)

    def __post_init__(self) -> None:
        """Join the cameras, and the questions to the runs."""
        uploads = Uploads(self.perception)
        object.__setattr__(self, 'uploads', uploads)
        object.__setattr__(self, 'run_feed', RunFeed(self.runs))
        object.__setattr__(self, 'cameras', JoinedCameras(self.backend.cameras, uploads))

    def close(self) -> None:
        """Stop everything that the page has started; the backend is its owner's to close."""
        self.inspectors.close()
        self.runs.close()
        self.uploads.close()
        self.perception.close()
        self.hearing.close()
