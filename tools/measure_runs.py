#!/usr/bin/env python3
"""
Measure a training run: the first point, the accuracy, the latencies and the cost of a viewer.

LeNet-5 on MNIST, whose folder NN_PERCEPTION_MNIST names. ``docs/evaluation/runs.md`` has the
results. Wall-clock times mean something on an idle machine only; CPU times on any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path
import sys
import tempfile
import time
from typing import Any

from nn_perception.benchmark.process_samples import take_sample
from nn_perception.core.networks.defined.presets import PRESETS
from nn_perception.training.inspection.inspectable import LookRequest
from nn_perception.training.runs.records import RunSettings, RunState
from nn_perception.training.runs.run_folder import RunFolder
from nn_perception.training.runs.store.folder_run import FolderRun
from nn_perception.training.runs.store.run_store import RunStore

LENET = RunSettings('LeNet-5', PRESETS['lenet5'].define().to_json(), epochs=4)
# A spare process has begun to import torch after this time; it is sampled to see the end.
WARM_S, SAMPLE_S = 3.0, 2.0
# CPU seconds.
WINDOW_S = 4.0
WINDOWS = 4
REPEATS = 5
# What a page asks each second that shows everything.
LOOKS_HZ, STATUS_HZ, SLOW_HZ = 10, 4, 1


def waited_s(condition: Callable[[], bool]) -> float:
    """Wait until a condition holds; return how long that took."""
    began_s = time.monotonic()
    while not condition():
        time.sleep(0.002)
    return time.monotonic() - began_s


def measure_first_point(store: RunStore, *, spare: bool) -> tuple[FolderRun, dict[str, float]]:
    """Measure the time from a start to the first point of the history."""
    if spare:
        store.prepare()
        time.sleep(WARM_S)
        pid = store.spare_pid
        assert pid is not None
        # It has nothing to do once everything is imported.
        before_s = -1.0
        while (cpu_s := take_sample(pid).cpu_s) > before_s:
            before_s = cpu_s
            time.sleep(SAMPLE_S)
    name = 'with a spare process' if spare else 'without a spare process'
    began_s = time.monotonic()
    run = store.start(LENET)
    returned_s = time.monotonic() - began_s
    waited_s(lambda: bool(run.history().loss))
    return run, {
        f'start returns, {name}': returned_s,
        f'first point, {name}': (time.monotonic() - began_s),
    }


def measure_accuracy(run: FolderRun, pid: int) -> dict[str, Any]:
    """Measure the time until each epoch, and its validation accuracy."""
    began_s, began = time.monotonic(), take_sample(pid).cpu_s
    reached: list[dict[str, float]] = []
    while run.status().state is RunState.RUNNING:
        time.sleep(0.1)
        history = run.history()
        for accuracy in history.validation_accuracy[len(reached) :]:
            seconds = time.monotonic() - began_s
            cpu_s = take_sample(pid).cpu_s - began
            reached.append({'accuracy': accuracy, 'wall_s': seconds, 'cpu_s': cpu_s})
    return {'epochs': reached, 'test accuracy': run.evaluate().accuracy}


def measure_latencies(run: FolderRun, pid: int) -> dict[str, list[float]]:
    """Measure how long a pause and a new learning rate take to act, with a busy viewer."""
    pauses, rates = [], []
    for number in range(REPEATS):
        watch(run, pid, 0.5)
        began_s = time.monotonic()
        run.pause()
        waited_s(lambda: run.status().state is RunState.PAUSED)
        pauses.append(time.monotonic() - began_s)
        run.resume()
        new = replace(run.status().rates, learning_rate=0.01 + 0.001 * number)
        began_s = time.monotonic()
        run.set_rates(new)
        # A step with the new rate is done.
        steps = run.status().step
        waited_s(lambda steps=steps: run.status().step > steps)  # type: ignore[misc]
        assert run.status().rates == new
        rates.append(time.monotonic() - began_s)
    return {'pause': pauses, 'a step with a new learning rate': rates}


def training_cpu_s(pid: int) -> float:
    """Return the CPU time of the thread that trains, which answers too."""
    return int(Path(f'/proc/{pid}/task/{pid}/schedstat').read_text().split()[0]) / 1e9


def watch(run: FolderRun, pid: int, cpu_s: float) -> None:
    """
    Ask what a page asks that shows everything.

    The rates are by the CPU time of the training, so that they are those of an idle machine, on
    which it is as long as the time itself.
    """
    layers = [layer.name for layer in run.layers()]
    picture = run.test_picture(0)
    began_s, tick = training_cpu_s(pid), 0
    while (passed_s := training_cpu_s(pid) - began_s) < cpu_s:
        if passed_s < tick / LOOKS_HZ:
            time.sleep(0.005)
            continue
        run.look(LookRequest(picture, layers))
        if tick % (LOOKS_HZ // STATUS_HZ) == 0:
            run.status()
        if tick % (LOOKS_HZ // SLOW_HZ) == 0:
            run.history()
            run.statistics()
            run.maps(layers[1], 'gradients', 0)
            run.predictions(range(20))
        tick += 1


def nobody_watches(_: FolderRun, pid: int, cpu_s: float) -> None:
    """Wait."""
    until_s = training_cpu_s(pid) + cpu_s
    while training_cpu_s(pid) < until_s:
        time.sleep(0.05)


def measure_viewer(run: FolderRun, pid: int) -> dict[str, Any]:
    """Measure the CPU time of a step, with and without a viewer, in turns."""
    found: dict[str, list[float]] = {'alone': [], 'watched': []}
    for _ in range(WINDOWS):
        for name, pass_time in (('alone', nobody_watches), ('watched', watch)):
            steps, cpu_s = run.status().step, training_cpu_s(pid)
            pass_time(run, pid, WINDOW_S)
            done = run.status().step - steps
            found[name].append(1e3 * (training_cpu_s(pid) - cpu_s) / done)
    means = {name: sum(values) / len(values) for name, values in found.items()}
    return {'CPU ms of a step': found, 'cost of a viewer': means['watched'] / means['alone'] - 1}


def main() -> int:
    """Print all figures as JSON."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder) / 'runs')
        try:
            run, first = measure_first_point(store, spare=False)
            results |= first
            store.delete(run.name)
            run, first = measure_first_point(store, spare=True)
            results |= first
            pid = RunFolder(store.folder / run.name).pid()
            assert pid is not None
            results['training'] = measure_accuracy(run, pid)
            run.set_epochs(1000)
            results['viewer'] = measure_viewer(run, pid)
            results['latencies_s'] = measure_latencies(run, pid)
            results['resident_mb'] = take_sample(pid).resident_mb
        finally:
            store.close()
    json.dump(results, sys.stdout, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
