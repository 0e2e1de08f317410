"""
ONNX Runtime with telemetry off.

From release 1.29 on it sends usage data to its vendor unless this variable is set before the
import. A value set by the user is kept.
"""

from __future__ import annotations

import os

os.environ.setdefault('ORT_DISABLE_TELEMETRY', '1')

import onnxruntime  # type: ignore[import-untyped, unused-ignore]

__all__ = ['onnxruntime']
