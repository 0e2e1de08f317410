"""Texts that are sent to a ``fine_tuner``, and what it sends about its frames."""

from __future__ import annotations

from nn_perception.core.quoting import quoted
from nn_perception.studio.backend.fine_tuning import StoredFrame
from nn_perception_interfaces.msg import LabelledFrame


def stored_frame(msg: LabelledFrame) -> StoredFrame:
    """Convert the description of a frame, or of a clip."""
    stamp_ns = msg.stamp.sec * 10**9 + msg.stamp.nanosec
    return StoredFrame(msg.id, msg.label, stamp_ns, msg.sha256)


def checked_id(frame: str) -> str:
    """Refuse what cannot be the id of a frame; ValueError."""
    if not frame:
        raise ValueError("there is no frame ''")
    return checked_text(frame, 'frame')


def checked_text(text: str, what: str) -> str:
    """Refuse what no message can contain; ValueError."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f'there is no {what} {quoted(text)}') from error
    return text
