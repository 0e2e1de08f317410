"""Defaults of pose estimation; imports nothing, so that command-line parsers start at once."""

from __future__ import annotations

POSE_PRESETS = ('fast', 'accurate', 'keypointrcnn_resnet50_fpn')
POSE_MIN_SCORE = 0.4
POSE_MIN_JOINT_SCORE = 0.2
POSE_MAX_PEOPLE = 20
