"""
Snapshots of runs: settings, progress and weights in one safetensors file; without torch.

They may come from strangers, so everything in them is checked before it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
import json
from typing import Any

from nn_perception.core.files.safetensors_header import METADATA, read_header
from nn_perception.core.files.untrusted import parse_json
from nn_perception.training.runs.checks import check_settings
from nn_perception.training.runs.plain_records import from_plain, to_plain
from nn_perception.training.runs.records import RunSettings, RunStatus

FORMAT = 'nn_perception-run-1'
MAX_BYTES = 1_000_000_000
KEYS = {'format', 'settings', 'status', 'curves', 'progress'}


@dataclass(frozen=True)
class SnapshotMetadata:
    """
    Everything in a snapshot but its tensors.

    :param settings: of the run
    :param status: of the run, when it was stored
    :param curves: see :class:`nn_perception.training.runs.learning.curves.Curves`
    :param progress: of its learner
    """

    settings: RunSettings
    status: RunStatus
    curves: Any
    progress: Any

    def to_strings(self) -> dict[str, str]:
        """Write the metadata of a safetensors file."""
        values = {name: to_plain(getattr(self, name)) for name in KEYS - {'format'}}
        return {'format': FORMAT} | {
            name: json.dumps(value, allow_nan=False) for name, value in values.items()
        }


def read_snapshot(content: bytes) -> SnapshotMetadata:
    """
    Read everything in a snapshot but its tensors.

    :raises ValueError: a sentence, if it is no snapshot, or not complete
    """
    try:
        if len(content) > MAX_BYTES:
            raise ValueError(f'it has more than {MAX_BYTES} bytes')
        metadata = read_header(content).get(METADATA, {})
        if metadata.get('format') != FORMAT or metadata.keys() != KEYS:
            raise ValueError('its metadata are not those of a run')
        values = {name: parse_json(metadata[name]) for name in KEYS - {'format'}}
        settings = from_plain(RunSettings, values['settings'], 'settings')
        check_settings(settings)
        status = from_plain(RunStatus, values['status'], 'status')
        if min(status.epoch, status.step, status.examples, status.seconds) < 0:
            raise ValueError('its status holds negative numbers')
    except ValueError as error:
        raise ValueError(f'This is not a snapshot of a run: {error}.') from error
    return SnapshotMetadata(settings, status, values['curves'], values['progress'])
