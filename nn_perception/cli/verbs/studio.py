"""``nn_perception studio``: the page, without a ROS graph."""

from __future__ import annotations

import argparse
from pathlib import Path
import secrets
import signal
import threading
from typing import Any
import webbrowser

from nn_perception.cli.arguments import (
    add_engine_arguments,
    add_store_argument,
    run_options,
    whole_number,
)
from nn_perception.cli.console import fail, report
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.core.standard_streams import flush_output, write_output
from nn_perception.studio.options import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    is_loopback,
    read_token,
    StudioOptions,
)
from nn_perception.studio.requirement import check_nicegui

VERB = 'studio'
POLL_PERIOD_S = 0.5
TOKEN_BYTES = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        'sources',
        nargs='*',
        metavar='SOURCE',
        help='pictures, folders, videos, bags, or URLs of streams that the page offers as '
        'cameras, and sounds that it offers as microphones, beside the samples, the webcams and '
        'the microphones of this machine',
    )
    parser.add_argument('--open', action='store_true', help='open the page in a browser')
    _add_access_arguments(parser)
    parser.add_argument(
        '--name',
        default='taught',
        help='name of the fine-tuned model in the store (default: %(default)s)',
    )
    parser.add_argument(
        '--dataset', default='default', help='name of the dataset (default: %(default)s)'
    )
    parser.add_argument(
        '--data',
        default='',
        metavar='DIR',
        help='folder of the datasets (default: datasets in the data folder)',
    )
    add_store_argument(parser)
    add_engine_arguments(parser)


def _add_access_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--host',
        default=DEFAULT_HOST,
        help='address to bind; any but a loopback address needs a token (default: %(default)s)',
    )
    parser.add_argument(
        '--port',
        type=whole_number(0, 65535),
        default=DEFAULT_PORT,
        metavar='P',
        help='TCP port; 0: a free one (default: %(default)s)',
    )
    parser.add_argument(
        '--token-file',
        type=Path,
        metavar='FILE',
        help='file with the token that opens the page; without it, a page that other machines '
        'can reach gets a new token, which is part of the printed address',
    )
    for name, what in (('certificate', 'TLS certificate'), ('key', 'key of the certificate')):
        parser.add_argument(f'--{name}', type=Path, metavar='FILE', help=f'{what}, as a PEM file')
    parser.add_argument(
        '--host-name',
        action='append',
        default=[],
        metavar='NAME',
        help='name under which browsers find this machine, besides localhost, its addresses and '
        '*.local; may be given more than once',
    )
    parser.add_argument(
        '--max-clients',
        type=whole_number(1, 1000),
        default=StudioOptions.max_clients,
        metavar='N',
        help='maximum number of pages that are open at a time (default: %(default)s)',
    )


def run(args: argparse.Namespace) -> int:
    """Serve the page until SIGINT or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        check_nicegui()
        server = _open(args)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        return fail(VERB, error)
    try:
        server.start()
        write_output(f'The page is at {server.url}\n')
        flush_output()
        if args.open and not webbrowser.open(server.url):
            report(VERB, f'no browser can be opened; the page is at {server.url}')
        while server.running and not stopped.wait(POLL_PERIOD_S):
            pass
    except RuntimeError as error:
        return fail(VERB, error, ExitStatus.FAILED)
    finally:
        server.stop()
    return ExitStatus.OK if stopped.is_set() else ExitStatus.FAILED


def _open(args: argparse.Namespace) -> Any:
    """
    Open the backend, and bind the address.

    :raises ValueError, OSError, RuntimeError, ImportError: if an argument is not usable
    """
    from nn_perception.core.files.folders import folder_of
    from nn_perception.studio.local.backend import LocalBackend
    from nn_perception.studio.local.fine_tuning import LocalFineTuningOptions
    from nn_perception.studio.local.perception import NetworkChoice, Perception
    from nn_perception.studio.local.sounds.hearing import Hearing, HearingChoice
    from nn_perception.studio.server import StudioServer
    from nn_perception.studio.studio import Studio
    from nn_perception.training.model_store.store import STORE_PREFIX

    options = _options(args)
    networks = NetworkChoice(
        tag_model=f'{STORE_PREFIX}{args.name}',
        store_folder=args.store,
        run_options=run_options(args),
    )
    fine_tuning = LocalFineTuningOptions(
        datasets=folder_of('datasets', args.data),
        dataset=args.dataset,
        models=folder_of('models', args.store),
        model=args.name,
    )
    hearing = Hearing(HearingChoice(store_folder=args.store, run_options=run_options(args)))
    backend = LocalBackend(Perception(networks), args.sources, fine_tuning, hearing)
    try:
        return StudioServer(Studio(backend, options, backend.capabilities, backend.hearing))
    except BaseException:
        backend.close()
        raise


def _options(args: argparse.Namespace) -> StudioOptions:
    """
    Return where the page is served, and to whom.

    :raises ValueError: if the arguments contradict each other
    :raises OSError: if the token cannot be read
    """
    token = read_token(args.token_file) if args.token_file else ''
    if not token and not is_loopback(args.host):
        token = secrets.token_urlsafe(TOKEN_BYTES)
    return StudioOptions(
        host=args.host,
        port=args.port,
        token=token,
        certificate=args.certificate,
        key=args.key,
        host_names=tuple(args.host_name),
        max_clients=args.max_clients,
    )
