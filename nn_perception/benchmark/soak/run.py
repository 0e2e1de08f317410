"""A soak test from its start to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import os
from pathlib import Path
import random
import sys
import time

from nn_perception.benchmark.process_samples import (
    all_shared_entries,
    shared_entries,
    shared_size_mb,
    used_by_anyone,
)
from nn_perception.benchmark.soak.cameras import CAMERA_FRAME, Cameras
from nn_perception.benchmark.soak.disturbances import (
    Disturbances,
    QUIET_LIMIT_S,
    RELOADED,
    Surroundings,
)
from nn_perception.benchmark.soak.listener import (
    MonitoredNode,
    NodeResults,
    NODES,
    ResultListener,
)
from nn_perception.benchmark.soak.programs import Program
from nn_perception.benchmark.soak.report import progress_line, Round
from nn_perception.benchmark.soak.requests import Requests
from nn_perception.benchmark.soak.scripts import Condition, Script, ScriptRunner
from nn_perception.ros.process.node_process import node_command
from nn_perception.ros.process.signals import stop_requested
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import LoggingSeverity

LAYOUTS: Mapping[str, tuple[str, ...]] = {
    'processes': ('tagger', 'digit_reader', 'pose_estimator'),
    'one-process': ('perception',),
}
# The very first start exports the networks.
START_LIMIT_S = 180.0
SAMPLE_PERIOD_S = 0.5
DISTURBED_SHARE = 0.6
SETTLE_S = 2.0
CLEANUP_LIMIT_S = 2.0
# Of a round, however long the reset takes: malloc needs time to return what the reset freed.
MIN_QUIET_SHARE = 0.2
# A node that leaves so many requests unanswered hangs; a restart may lose one or two.
MAX_UNANSWERED = 3


@dataclass(frozen=True)
class SoakPlan:
    """
    What a soak test does.

    :param minutes: length, without start and end
    :param layout: one of :data:`LAYOUTS`
    :param seed: of everything that is random
    :param round_s: length of a round: a disturbed phase, a reset and a quiet phase
    """

    minutes: float
    layout: str
    seed: int
    round_s: float

    @property
    def rounds(self) -> int:
        """Number of rounds."""
        return max(1, round(self.minutes * 60.0 / self.round_s))


class SoakTest:
    """
    Nodes, cameras, disturbances and what is observed of them.

    :ivar rounds: that are finished
    :ivar log_kb_per_minute: of each process in the last round
    :ivar results: of each node
    :ivar left_entries: what is left in ``/dev/shm`` after :meth:`end`

    :param plan: what to do
    :param folder: for logs and pictures
    """

    def __init__(self, plan: SoakPlan, folder: Path) -> None:
        self.rounds: list[Round] = []
        self.log_kb_per_minute: dict[str, float] = {}
        self.left_entries: list[str] = []
        self._entries_before = all_shared_entries()
        self._entries = shared_entries(os.getpid())
        self._plan = plan
        rng = random.Random(plan.seed)
        self._node = rclpy.create_node('soak')
        # Its publishers and the subscribers are meant to be incompatible at times.
        self._node.get_logger().set_level(LoggingSeverity.ERROR)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        listener = ResultListener(self._node)
        self.results: Mapping[str, NodeResults] = listener.results
        self.requests = Requests(self._node, tuple(monitored.name for monitored in NODES))
        self.cameras = Cameras(folder, rng)
        surroundings = Surroundings(self._node, listener, self.requests, self.cameras)
        self.disturbances = Disturbances(surroundings, rng)
        self.programs = [
            Program(name, node_command(name), folder / name) for name in LAYOUTS[plan.layout]
        ]
        jpeg = node_command('tagger', {'image_transport': 'compressed'}, ('-r', '__ns:=/jpeg'))
        self.programs.append(Program('jpeg_tagger', jpeg, folder / 'jpeg_tagger'))
        self._sample_at = 0.0
        self._started_at = 0.0

    def run(self) -> None:
        """
        Run all rounds, or stop early on a signal.

        :raises RuntimeError: if the nodes do not start to work, or the disturbances do not end
        """
        if not self._until(self._ready, START_LIMIT_S):
            raise RuntimeError('the nodes published no results; see their logs')
        for results in self.results.values():
            results.clear()
        self._started_at = time.monotonic()
        for _ in range(self._plan.rounds):
            if stop_requested():
                return
            self._round()
            sys.stdout.write(progress_line(self.rounds[-1]) + '\n')
            sys.stdout.flush()

    def end(self) -> None:
        """End all processes, and destroy the node."""
        scripts = ScriptRunner()
        scripts.start(self.cameras.end_all())
        for program in self.programs:
            scripts.start(_end(program))
        self._until(lambda: not len(scripts), QUIET_LIMIT_S, scripts.step, stoppable=False)
        self._entries |= shared_entries(os.getpid())
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown()
        # The middleware of this process removes its entries in threads of its own.
        deadline = time.monotonic() + CLEANUP_LIMIT_S
        while (left := self._left_entries()) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.left_entries = left

    def _left_entries(self) -> list[str]:
        used = self._entries.union(
            *(program.entries for program in [*self.programs, *self.cameras.all])
        )
        left = (used & all_shared_entries()) - self._entries_before
        # Ports are shared by all programs of the machine: another one may use them by now.
        return sorted(left - used_by_anyone()) if left else []

    def _ready(self) -> bool:
        return self.requests.ready and all(results.count for results in self.results.values())

    def _main_camera_plays(self) -> bool:
        return all(self.results[name].newest_frame_id == CAMERA_FRAME for name in RELOADED)

    def _round(self) -> None:
        begun = time.monotonic()
        logs = {program.name: program.log_bytes for program in self.programs}
        self.disturbances.begin()
        self._spin(DISTURBED_SHARE * self._plan.round_s)
        self.disturbances.end()
        if not self._until(lambda: self.disturbances.quiet, QUIET_LIMIT_S):
            raise RuntimeError('the disturbances did not end')
        self._until(self._main_camera_plays, QUIET_LIMIT_S)
        self._spin(min(SETTLE_S, 0.1 * self._plan.round_s))
        quiet_from = time.monotonic()
        least_s = MIN_QUIET_SHARE * self._plan.round_s
        self._spin(max(least_s, begun + self._plan.round_s - quiet_from))
        minutes = (time.monotonic() - begun) / 60.0
        self.log_kb_per_minute = {
            program.name: (program.log_bytes - logs[program.name]) / 1000 / minutes
            for program in self.programs
        }
        self.rounds.append(self._summary(begun, quiet_from))

    def _summary(self, begun: float, quiet_from: float) -> Round:
        now = time.monotonic()
        seconds = now - quiet_from
        entries = set[str]().union(
            shared_entries(os.getpid()),
            *(
                shared_entries(program.process.pid)
                for program in [*self.programs, *self.cameras.running]
            ),
        )
        return Round(
            minute=(now - self._started_at) / 60.0,
            programs={program.name: program.quiet_phase(quiet_from) for program in self.programs},
            rates_hz={
                name: len(results.ages_since(quiet_from)) / seconds
                for name, results in self.results.items()
            },
            age_p95_ms={
                name: _p95(results.ages_since(begun)) for name, results in self.results.items()
            },
            shared_entries=len(entries),
            shared_mb=shared_size_mb(entries),
        )

    def _spin(self, seconds: float) -> None:
        self._until(lambda: False, seconds)

    def _until(
        self,
        condition: Condition,
        limit_s: float,
        step: Callable[[], None] = lambda: None,
        *,
        stoppable: bool = True,
    ) -> bool:
        """Receive, disturb and observe until a condition holds; False after the limit."""
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline or (stoppable and stop_requested()):
                return False
            self._executor.spin_once(timeout_sec=0.01)
            step()
            if stoppable:
                self.disturbances.step()
                self._observe()
        return True

    def _observe(self) -> None:
        if time.monotonic() < self._sample_at:
            return
        self._sample_at = time.monotonic() + SAMPLE_PERIOD_S
        for program in self.programs:
            self._abort_if_it_hangs(program)
            program.observe()
        for camera in self.cameras.running:
            camera.observe()

    def _abort_if_it_hangs(self, program: Program) -> None:
        """Abort a process that answers nothing any more, so that it counts as crashed."""
        unanswered = self.requests.unanswered
        names = [node.name for node in NODES if program is self._program_of(node)]
        if sum(unanswered[name] for name in names) >= MAX_UNANSWERED:
            program.abort()
            for name in names:
                unanswered.pop(name, None)

    def _program_of(self, monitored: MonitoredNode) -> Program:
        by_name = {program.name: program for program in self.programs}
        return by_name.get(monitored.name.strip('/').replace('/', '_'), self.programs[0])


def _end(program: Program) -> Script:
    program.request_exit()
    yield program.has_exited


def _p95(values: list[float]) -> float:
    return float(np.percentile(values, 95)) if values else float('nan')
