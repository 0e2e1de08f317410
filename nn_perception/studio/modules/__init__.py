"""JavaScript modules that several views use."""

from __future__ import annotations

from pathlib import Path

# For the argument ``esm`` of a component, which then imports from "nn-modules/...".
PAGE_MODULES = {'nn-modules': str(Path(__file__).parent)}
