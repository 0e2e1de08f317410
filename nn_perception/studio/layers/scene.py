"""The three-dimensional scene of a network's layers, as an element of a page."""

from __future__ import annotations

from pathlib import Path

import nicegui
from nicegui.element import Element

MODULES = str(Path(__file__).with_name('modules'))
# three.js, in the copy that NiceGUI carries.
THREE = str(Path(nicegui.__file__).parent / 'elements' / 'scene' / 'dist')


class LayerScene(
    Element, component='scene.js', esm={'nn-layers': MODULES, 'nicegui-scene': THREE}
):
    """
    Show the layers of a network in three dimensions.

    The page's own script feeds it: the HTML element has the scene as its property
    ``layerScene``, see ``modules/types.js``, and dispatches the scene's events.

    :param label: what a screen reader says of the picture; a table has to stand beside it
    """

    def __init__(self, label: str = 'Layers of the network') -> None:
        super().__init__()
        self._props['label'] = label
