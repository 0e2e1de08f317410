"""Fixtures for tests with real processes over DDS, each test in its own ROS domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from domain_coordinator import domain_id as reserved_domain_id
import pytest
from ros_graph import end_all, NodeProcess, Peer


@pytest.fixture
def domain_id() -> Iterator[int]:
    """Reserve a domain that no other test on this machine uses meanwhile."""
    with reserved_domain_id() as number:
        yield number


@pytest.fixture
def ros_environment(domain_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restrict the test's processes to their domain and this machine."""
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain_id))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')


@pytest.fixture
def peer(domain_id: int, ros_environment: None) -> Iterator[Peer]:
    """Give the test its own node."""
    node = Peer(domain_id=domain_id)
    yield node
    node.close()


@pytest.fixture
def start_node(tmp_path: Path, ros_environment: None) -> Iterator[Callable[..., NodeProcess]]:
    """Start nodes as processes; those that run at the end of the test must end with status 0."""
    started: list[NodeProcess] = []

    def start(executable: str, **options: Any) -> NodeProcess:
        log = tmp_path / f'{executable}_{len(started)}.log'
        started.append(NodeProcess(executable, log, **options))
        return started[-1]

    yield start
    end_all(started)
