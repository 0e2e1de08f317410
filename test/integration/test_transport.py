"""Images between two processes: none is lost with the profile of the package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import subprocess

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.ros.process.main import PROFILE_VARIABLES, SKIP_VARIABLES
from nn_perception.ros.process.node_process import end_process, node_command
from patience import slowness, stretched
import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_graph import image_at, NodeProcess, Peer, picture
from sensor_msgs.msg import Image

SECONDS = 2.0
# What has crossed over waits in the test's own process until that gets a core.
QUEUED = QoSProfile(depth=30, reliability=ReliabilityPolicy.BEST_EFFORT)


@pytest.mark.parametrize(('width', 'height'), [(640, 480), (1280, 720), (1920, 1080)])
def test_no_image_is_lost_at_30_hz_best_effort(
    peer: Peer, start_node: Callable[..., NodeProcess], width: int, height: int
) -> None:
    # Each image may take as much of a core as on an idle machine.
    rate = 30.0 / slowness()
    images: list[tuple[int, int]] = []
    sent: list[tuple[int, int]] = []

    def stamp(msg: Image | DiagnosticArray) -> tuple[int, int]:
        return msg.header.stamp.sec, msg.header.stamp.nanosec

    peer.node.create_subscription(Image, 'image', lambda msg: images.append(stamp(msg)), QUEUED)
    peer.node.create_subscription(
        DiagnosticArray, 'camera_source/playing', lambda msg: sent.append(stamp(msg)), 100
    )
    start_node(
        'camera_source',
        parameters={
            'rate': rate,
            'width': width,
            'height': height,
            'reliability': 'best_effort',
            'wait_for_subscriber': True,
        },
    )
    peer.until(lambda: images)
    first = images[0]
    peer.spin(SECONDS)
    # The last ones may not have arrived yet.
    counted = [s for s in sent if first <= s <= images[-1]]
    assert len(counted) > 0.8 * rate * SECONDS
    assert sorted(set(counted) - set(images)) == []


def test_many_processes_find_each_other(domain_id: int, ros_environment: None) -> None:
    """The last two of eight participants discover each other, not only the first four."""
    peers = [Peer(f'peer_{i}', domain_id=domain_id) for i in range(8)]
    try:
        received = peers[-1].collect(Image, 'image')
        camera = peers[-2].publisher(Image, 'image')
        peers[-2].until(lambda: camera.get_subscription_count() == 1)
        peers[-2].spin(stretched(0.3))
        camera.publish(image_at(picture(64, 48), 1.0))
        peers[-1].until(lambda: received)
    finally:
        for peer in peers:
            peer.close()


PLANTED = """<?xml version="1.0" encoding="UTF-8" ?>
<dds><profiles xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles">
<participant profile_name="planted" is_default_profile="true"><rtps><builtin><discovery_config>
<ignoreParticipantFlags>FILTER_DIFFERENT_PROCESS</ignoreParticipantFlags>
</discovery_config></builtin></rtps></participant></profiles></dds>
"""


def test_a_profile_in_the_current_folder_is_ignored(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fast DDS would read it, and the node would be alone."""
    for name in (*PROFILE_VARIABLES, *SKIP_VARIABLES):  # as they were before the tests began
        monkeypatch.delenv(name, raising=False)
    for name in ('FASTRTPS', 'FASTDDS'):
        (tmp_path / f'DEFAULT_{name}_PROFILES.xml').write_text(PLANTED)
    node = subprocess.Popen(node_command('camera_source'), cwd=tmp_path)
    try:
        peer.until(lambda: 'camera_source' in peer.node.get_node_names())
    finally:
        end_process(node)
