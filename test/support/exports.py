"""
Export the networks that the tests need, several in one process.

An export takes a process of its own six seconds of imports and one to four of work. Before the
workers of pytest start, ``python exports.py NAMES`` therefore puts what is missing into the cache.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
from dataclasses import replace
import importlib
import io
from pathlib import Path
import subprocess
import sys
import tempfile

from nn_perception.core.inference import export_cache
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.inference.export_cache import export_file, find_export
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.subprocess import subprocess_environment, SubprocessError

PROCESSES = 2


def network(name: str) -> Checkpoint:
    """Name a shipped network with its labels."""
    return find_checkpoint(name)


def features(name: str) -> Checkpoint:
    """Name a shipped network without its head, as fine-tuning and what it makes run it."""
    return find_checkpoint(name).for_fine_tuning().without_head()


def slow_tagger(folder: Path) -> Checkpoint:
    """Write the shipped tagger for images that are so large that it is ten times slower."""
    shipped = find_checkpoint('efficientnet_lite0')
    metadata = CheckpointMetadata(
        network=shipped.network,
        labels=shipped.labels,
        preprocessing=replace(shipped.preprocessing, size=704),
        version='slow',
        head=shipped.head,
    )
    path = folder / 'slow.safetensors'
    write_checkpoint(path, shipped.weights(), metadata)
    return Checkpoint.read(path)


# The longest first. What comes next takes less time than the one before.
NEEDED: dict[str, Callable[[Path], Checkpoint]] = {
    'slow tagger': slow_tagger,
    'movenet_multipose': lambda _: network('movenet_multipose'),
    'movenet_thunder': lambda _: network('movenet_thunder'),
    'efficientnet_lite0': lambda _: network('efficientnet_lite0'),
    'efficientnet_lite0 features': lambda _: features('efficientnet_lite0'),
    'sound_words': lambda _: network('sound_words'),
    'sound_words features': lambda _: features('sound_words'),
    'digit_cnn': lambda _: network('digit_cnn'),
    'lenet5': lambda _: network('lenet5'),
    'digit_cnn features': lambda _: features('digit_cnn'),
}


def export_here(module: str, arguments: list[str], folder: Path) -> str:
    """Stand in for ``run_subprocess``: do in this process what the child would do."""
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        status = importlib.import_module(module).main(arguments)
    if status:
        raise SubprocessError(complained.getvalue().strip().splitlines()[-1], status)
    return said.getvalue().strip()


def missing(folder: Path) -> list[str]:
    """Name what the cache does not hold."""
    return [name for name, checkpoint in NEEDED.items() if not find_export(checkpoint(folder))]


def export_missing() -> None:
    """Put what is missing into the cache, in two processes with a core for each."""
    with tempfile.TemporaryDirectory() as folder:
        names = missing(Path(folder))
    shares = [names[start::PROCESSES] for start in range(PROCESSES)]
    environment = {**subprocess_environment(), 'OMP_NUM_THREADS': '1'}
    processes = [
        subprocess.Popen([sys.executable, __file__, *share], env=environment)
        for share in shares
        if share
    ]
    for process in processes:
        # Where it fails, the tests that need the export say why.
        process.wait()


def main(names: list[str]) -> None:
    """Export some of what the tests need."""
    export_cache.run_subprocess = export_here
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            with export_file(NEEDED[name](Path(folder))):
                pass


if __name__ == '__main__':
    main(sys.argv[1:])
