"""Where the JavaScript of the scene of layers is; ``modules/types.js`` says how a page uses it."""

from __future__ import annotations

from pathlib import Path

import nicegui

MODULES = str(Path(__file__).with_name('modules'))
# three.js, in the copy that NiceGUI carries.
THREE = str(Path(nicegui.__file__).parent / 'elements' / 'scene' / 'dist')
