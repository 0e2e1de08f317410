"""An endurance run from its start to its verdict."""

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
from nn_perception.benchmark.soak.disturbances import CALM_LIMIT_S, Disturbances, RELOADED
from nn_perception.benchmark.soak.listener import Heard, Listener, NODES, Watched
from nn_perception.benchmark.soak.programs import Program
from nn_perception.benchmark.soak.report import progress_line, Round
from nn_perception.benchmark.soak.requests import Requests
from nn_perception.benchmark.soak.scripts import Condition, Script, Stage
from nn_perception.ros.process.executables import node_command
from nn_perception.ros.process.signals import stop_requested
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import LoggingSeverity

LAYOUTS: Mapping[str, tuple[str, ...]] = {
    'processes': ('tagger', 'digit_reader', 'pose_estimator'),
    'one-process': ('perception',),
}
# The first start of all exports the networks.
START_LIMIT_S = 180.0
LOOK_EVERY_S = 0.5
STORM_SHARE = 0.6
SETTLE_S = 2.0
# Of a round, also when the tour takes long: malloc must have given back what the tour left.
SHORTEST_CALM = 0.2
# Who leaves so many requests unanswered hangs; a restart may lose one or two.
UNANSWERED = 3


@dataclass(frozen=True)
class Plan:
    """
    How an endurance run is to be.

    :param minutes: length, start and end not counted
    :param layout: one of :data:`LAYOUTS`
    :param seed: of everything that chance decides
    :param round_s: length of a storm and the calm after it
    """

    minutes: float
    layout: str
    seed: int
    round_s: float

    @property
    def rounds(self) -> int:
        """How many times there is a storm and a calm."""
        return max(1, round(self.minutes * 60.0 / self.round_s))


class Soak:
    """
    Nodes, cameras, disturbances and what is seen of them.

    :param folder: for logs and pictures
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.rounds: list[Round] = []
        self.log_kb_a_minute: dict[str, float] = {}
        self.entries_before = all_shared_entries()
        self._entries = shared_entries(os.getpid())
        self._plan = plan
        chance = random.Random(plan.seed)
        self._node = rclpy.create_node('soak')
        # That its publishers and the subscribers do not always suit each other is intended.
        self._node.get_logger().set_level(LoggingSeverity.ERROR)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        listener = Listener(self._node)
        self.heard: Mapping[str, Heard] = listener.heard
        self.requests = Requests(self._node, tuple(watched.name for watched in NODES))
        self.cameras = Cameras(folder, chance)
        self.disturbances = Disturbances(
            self._node, self.heard, self.requests, self.cameras, chance
        )
        self.programs = [
            Program(name, node_command(name), folder / name) for name in LAYOUTS[plan.layout]
        ]
        jpeg = node_command('tagger', {'image_transport': 'compressed'}, ('-r', '__ns:=/jpeg'))
        self.programs.append(Program('jpeg_tagger', jpeg, folder / 'jpeg_tagger'))
        self._look_at = 0.0
        self._begun = 0.0

    def run(self) -> None:
        """
        Let the rounds pass.

        :raises RuntimeError: if the nodes do not begin to work, or not go on
        """
        if not self._until(self._standing, START_LIMIT_S):
            raise RuntimeError('the nodes gave no results; see their logs')
        for heard in self.heard.values():
            heard.forget()
        self._begun = time.monotonic()
        for _ in range(self._plan.rounds):
            if stop_requested():
                return
            self._round()
            sys.stdout.write(progress_line(self.rounds[-1]) + '\n')
            sys.stdout.flush()

    def end(self) -> None:
        """End all processes, and leave the graph."""
        ending = Stage()
        ending.start(self.cameras.end_all())
        for program in self.programs:
            ending.start(_ended(program))
        self._until(lambda: not len(ending), CALM_LIMIT_S, ending.step, stoppable=False)
        self._entries |= shared_entries(os.getpid())
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown()

    def left_entries(self) -> list[str]:
        """Name what this run has left in ``/dev/shm``."""
        used = self._entries.union(
            *(program.entries for program in [*self.programs, *self.cameras.all])
        )
        left = (used & all_shared_entries()) - self.entries_before
        # Ports are shared by all programs of the machine: another one may have come to use them.
        return sorted(left - used_by_anyone()) if left else []

    def _standing(self) -> bool:
        return self.requests.ready and all(heard.results for heard in self.heard.values())

    def _camera_plays(self) -> bool:
        return all(self.heard[name].newest_frame_id == CAMERA_FRAME for name in RELOADED)

    def _round(self) -> None:
        begun = time.monotonic()
        logs = {program.name: program.log_bytes for program in self.programs}
        self.disturbances.begin()
        self._spin(STORM_SHARE * self._plan.round_s)
        self.disturbances.calm_down()
        if not self._until(lambda: self.disturbances.calm, CALM_LIMIT_S):
            raise RuntimeError('the disturbances did not come to an end')
        self._until(self._camera_plays, CALM_LIMIT_S)
        self._spin(min(SETTLE_S, 0.1 * self._plan.round_s))
        calm_from = time.monotonic()
        self._spin(max(SHORTEST_CALM * self._plan.round_s, begun + self._plan.round_s - calm_from))
        minutes = (time.monotonic() - begun) / 60.0
        self.log_kb_a_minute = {
            program.name: (program.log_bytes - logs[program.name]) / 1000 / minutes
            for program in self.programs
        }
        self.rounds.append(self._summary(begun, calm_from))

    def _summary(self, begun: float, calm_from: float) -> Round:
        now = time.monotonic()
        seconds = now - calm_from
        entries = set[str]().union(
            shared_entries(os.getpid()),
            *(
                shared_entries(program.process.pid)
                for program in [*self.programs, *self.cameras.playing]
            ),
        )
        return Round(
            minute=(now - self._begun) / 60.0,
            programs={program.name: program.calm(calm_from) for program in self.programs},
            rates_hz={
                name: len(heard.ages_since(calm_from)) / seconds
                for name, heard in self.heard.items()
            },
            age_p95_ms={name: _p95(heard.ages_since(begun)) for name, heard in self.heard.items()},
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
        """Receive, disturb and look, until something holds or a time is over."""
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline or (stoppable and stop_requested()):
                return False
            self._executor.spin_once(timeout_sec=0.01)
            step()
            if stoppable:
                self.disturbances.step()
                self._look()
        return True

    def _look(self) -> None:
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_EVERY_S
        for program in self.programs:
            self._end_if_it_hangs(program)
            program.look()
        for camera in self.cameras.playing:
            camera.look()

    def _end_if_it_hangs(self, program: Program) -> None:
        """A process that answers nothing any more is aborted, and so seen as crashed."""
        silent = self.requests.silent
        names = [watched.name for watched in NODES if program is self._program_of(watched)]
        if sum(silent[name] for name in names) >= UNANSWERED:
            program.abort()
            for name in names:
                silent.pop(name, None)

    def _program_of(self, watched: Watched) -> Program:
        by_name = {program.name: program for program in self.programs}
        return by_name.get(watched.name.strip('/').replace('/', '_'), self.programs[0])


def _ended(program: Program) -> Script:
    program.ask_to_end()
    yield program.has_ended


def _p95(values: list[float]) -> float:
    return float(np.percentile(values, 95)) if values else float('nan')
