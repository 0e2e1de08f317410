"""The QoS profiles of all topics."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

RESULT_QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
# Fast DDS keeps a buffer for each sample of the history, as large as the largest image so far:
# with a depth of ten, images of 1920 x 1080 would take 62 MB.
OVERLAY_QOS = QoSProfile(depth=2, reliability=ReliabilityPolicy.RELIABLE)
# Late subscribers still receive the newest message.
LATCHED_QOS = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
DIAGNOSTICS_QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
# The default of 10 loses the requests of a burst without a word, and their clients wait forever.
SERVICE_QOS = QoSProfile(depth=1000, reliability=ReliabilityPolicy.RELIABLE)
# Its requests are pictures, of which a thousand would fill the memory.
PICTURE_SERVICE_QOS = QoSProfile(depth=20, reliability=ReliabilityPolicy.RELIABLE)
# Late subscribers still receive the names of the last frames.
PLAYING_QOS = QoSProfile(
    depth=100,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


def image_qos(
    reliability: ReliabilityPolicy, durability: DurabilityPolicy = DurabilityPolicy.VOLATILE
) -> QoSProfile:
    """Give the profile of an image subscription or a camera's publisher: keep the newest image."""
    return QoSProfile(
        depth=1,
        history=HistoryPolicy.KEEP_LAST,
        reliability=reliability,
        durability=durability,
    )


def camera_info_qos(durability: DurabilityPolicy) -> QoSProfile:
    """
    Give the profile of a subscription to a camera's calibration.

    :param durability: volatile: it matches every publisher; transient local: it receives what a
        publisher of the same durability sent before
    """
    latched = durability == DurabilityPolicy.TRANSIENT_LOCAL
    return QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE if latched else ReliabilityPolicy.BEST_EFFORT,
        durability=durability,
    )


def service_qos(kind: type) -> QoSProfile:
    """
    Give the profile of a service.

    :param kind: its type
    """
    fields: dict[str, str] = kind.Request.get_fields_and_field_types()  # type: ignore[attr-defined]
    return PICTURE_SERVICE_QOS if 'image' in fields else SERVICE_QOS


def audio_qos(reliability: ReliabilityPolicy) -> QoSProfile:
    """Give the profile of a topic of sound: a second of it waits for a busy process."""
    return QoSProfile(depth=50, history=HistoryPolicy.KEEP_LAST, reliability=reliability)
