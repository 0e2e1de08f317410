"""JavaScript modules that several views use."""

from __future__ import annotations

from pathlib import Path

# For the argument ``esm`` of a component, which then imports from "nn-page/...".
PAGE_MODULES = {'nn-page': str(Path(__file__).parent)}
