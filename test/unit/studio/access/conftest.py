"""Heads of requests for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nn_perception.studio.access.request_head import RequestHead
import pytest


@pytest.fixture
def head() -> Callable[..., RequestHead]:
    def make(method: str = 'GET', path: str = '/', query: str = '', **options: Any) -> RequestHead:
        secure = options.pop('secure', False)
        client = options.pop('client', '127.0.0.1')
        headers = {name.replace('_', '-'): (value,) for name, value in options.items()}
        return RequestHead(method, path, query, secure, client, headers)

    return make
