"""The node ``studio``: serves the page, which shows what is on the ROS graph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.ros.base.parameters import (
    Contract,
    declare_parameters,
    parameter,
    ParameterError,
)
from nn_perception.ros.diagnostics.messages import diagnostic_array
from nn_perception.ros.diagnostics.status import Status
from nn_perception.ros.outputs.headers import current_header
from nn_perception.ros.outputs.qos import DIAGNOSTICS_QOS
from nn_perception.ros.process.main import main
from nn_perception.ros.studio.backend import RosBackend
from nn_perception.studio.local.perception import NetworkChoice, Perception
from nn_perception.studio.local.sounds.hearing import Hearing, HearingChoice
from nn_perception.studio.options import DEFAULT_HOST, DEFAULT_PORT, read_token, StudioOptions
from nn_perception.studio.requirement import check_nicegui
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

REFRESH_PERIOD_S = 1.0


@dataclass(frozen=True)
class StudioParameters:
    """Parameters of the node ``studio``."""

    host: str = parameter(
        DEFAULT_HOST,
        Contract('address to serve; any but a loopback address needs a token', read_only=True),
    )
    port: int = parameter(
        DEFAULT_PORT,
        Contract('TCP port; 0: a free one', minimum=0, maximum=65535, read_only=True),
    )
    # A file, since everybody on the graph can read a parameter.
    token_file: str = parameter(
        '',
        Contract('file with the token that opens the page; empty: none is needed', read_only=True),
    )
    certificate: str = parameter(
        '', Contract('PEM file of the TLS certificate; empty: no TLS', read_only=True)
    )
    key: str = parameter(
        '',
        Contract(
            'PEM file of the private key; empty: it is in the file of the certificate',
            read_only=True,
        ),
    )
    host_names: tuple[str, ...] = parameter(
        ('',),
        Contract(
            'names of this machine besides localhost, its addresses and *.local; the empty name '
            'stands for none',
            read_only=True,
            pattern=r'|[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?',
            pattern_in_words='the name of a machine, such as robot.example.org',
        ),
    )
    max_clients: int = parameter(
        32,
        Contract(
            'maximum number of pages that are open at a time',
            minimum=1,
            maximum=1000,
            read_only=True,
        ),
    )

    model: str = parameter(
        DEFAULT_MODEL,
        Contract(
            "model that tags the pictures of browsers and of this machine's files: shipped model, "
            'checkpoint file, torchvision classification model, or store:NAME',
            read_only=True,
        ),
    )
    store_folder: str = parameter(
        '',
        Contract('folder of the model store; empty: models in the data folder', read_only=True),
    )
    sources: tuple[str, ...] = parameter(
        ('',),
        Contract(
            'photographs, folders, videos, bags of this machine and URLs of streams that are '
            'cameras too; the empty name stands for none',
            read_only=True,
        ),
    )

    def options(self) -> StudioOptions:
        """
        Return where the page is served, and to whom.

        :raises ParameterError: if they do not fit together, or the token cannot be read
        """
        try:
            return StudioOptions(
                self.host,
                self.port,
                read_token(Path(self.token_file).expanduser()) if self.token_file else '',
                _path(self.certificate),
                _path(self.key),
                tuple(filter(None, self.host_names)),
                self.max_clients,
            )
        except (ValueError, OSError) as error:
            raise ParameterError(str(error)) from error


class StudioNode(Node):
    """
    Serve the page.

    :ivar finished: whether the process should end: the server has stopped

    :raises ParameterError: if a parameter is rejected
    :raises RuntimeError: if NiceGUI is not installed
    :raises OSError: if the address cannot be used
    """

    def __init__(self) -> None:
        super().__init__('studio')
        self._studio: Any = None
        self._server: Any = None
        self._backend: RosBackend | None = None
        try:
            p = declare_parameters(self, StudioParameters)
            options = p.options()
            check_nicegui()
            perception = Perception(NetworkChoice(p.model, store_folder=p.store_folder))
            self._backend = _open_backend(self, perception, p.sources)
            hearing = Hearing(HearingChoice(store_folder=p.store_folder))
            networks = perception, hearing
            self._studio, self._server = _make_server(self._backend, options, networks)
            self._has_token = bool(options.token)
        except BaseException:
            # The caller has no node to destroy.
            self.destroy_node()
            raise
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', DIAGNOSTICS_QOS)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(REFRESH_PERIOD_S, self._refresh, clock=steady)

    @property
    def finished(self) -> bool:
        """Whether the process should end: nobody serves the page any more."""
        return not self._server.running

    def start(self) -> None:
        """Serve the page, and say where."""
        self._server.start()
        # Everybody on the graph reads the log: no token in it.
        hint = '/?token=TOKEN' if self._has_token else ''
        self.get_logger().info(f'the page is at {self._server.address}{hint}')

    def destroy_node(self) -> None:
        """Close all pages, and let go of the graph."""
        if self._backend is not None:
            self._backend.close()
        if self._server is not None:
            self._server.stop()
            self._studio.close()
        super().destroy_node()

    def _refresh(self) -> None:
        assert self._backend is not None
        self._backend.refresh()
        pages, cameras = self._server.pages, self._backend.watched_cameras
        status = Status(
            'ok',
            f'{pages} open page(s)',
            {'pages': pages, 'cameras_watched': cameras, 'address': self._server.address},
        )
        name = f'{self.get_fully_qualified_name()}: page'
        self._diagnostics.publish(
            diagnostic_array(name, self._server.address, status, current_header(self))
        )


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _open_backend(node: Node, perception: Perception, sources: tuple[str, ...]) -> RosBackend:
    try:
        return RosBackend(node, perception, tuple(filter(None, sources)))
    except (ValueError, OSError, ImportError) as error:
        raise ParameterError(f'parameter sources: {error}') from error


def _make_server(
    backend: RosBackend, options: StudioOptions, networks: tuple[Perception, Hearing]
) -> tuple[Any, Any]:
    # Without NiceGUI these modules cannot be imported.
    from nn_perception.studio.server import StudioServer
    from nn_perception.studio.studio import Studio

    studio = Studio(backend, options, *networks)
    return studio, StudioServer(studio)


def import_node() -> type[StudioNode]:
    """Return the node, and import what it needs while a signal may still end the process."""
    if _has_nicegui():
        import nn_perception.studio.server  # noqa: F401
    return StudioNode


def _has_nicegui() -> bool:
    try:
        check_nicegui()
    except RuntimeError:
        return False
    return True


if __name__ == '__main__':
    sys.exit(main(import_node))
