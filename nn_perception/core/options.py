"""Names that choose a model and what runs it; imports nothing, so that parsers start at once."""

from __future__ import annotations

ENGINES = ('auto', 'onnxruntime', 'torch')
DEVICES = ('auto', 'cpu', 'cuda')
DEFAULT_MODEL = 'efficientnet_lite0'
TAG_TOP_K = 5
TAG_MIN_SCORE = 0.05
DEFAULT_DIGIT_MODEL = 'digit_cnn'
INKS = ('auto', 'dark', 'light')
DIGIT_MIN_SCORE = 0.7
DIGIT_MAX_CANDIDATES = 400
LOWEST_DIGIT_PX = 14
POSE_PRESETS = ('fast', 'accurate', 'keypointrcnn_resnet50_fpn')
POSE_MIN_SCORE = 0.4
POSE_MIN_JOINT_SCORE = 0.2
POSE_MAX_PEOPLE = 20
