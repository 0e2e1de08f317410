"""
ONNX Runtime, told to keep to itself.

Releases from 1.29 on send what they run to their maker unless this variable is set before the
import. What a robot runs is nobody's business; a value that the user has chosen stays.
"""

from __future__ import annotations

import os

os.environ.setdefault('ORT_DISABLE_TELEMETRY', '1')

import onnxruntime  # type: ignore[import-untyped, unused-ignore]

__all__ = ['onnxruntime']
