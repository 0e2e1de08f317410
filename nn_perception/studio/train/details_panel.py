"""What is known about the selected run, in tabs; only the tab that is open asks for anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from nicegui import ui
from nn_perception.studio.studio import Studio
from nn_perception.studio.train.about import About
from nn_perception.studio.train.details.evaluation import Results
from nn_perception.studio.train.details.layers import Layers
from nn_perception.studio.train.details.own_picture import TryIt
from nn_perception.studio.train.details.samples import Samples
from nn_perception.studio.train.details.use_it import UseIt
from nn_perception.studio.train.selection import RunSelection

PERIOD_S = 0.5


class Detail(Protocol):
    """
    What a tab shows.

    It is built, with the selection and what all views share, when its tab is opened first.
    """

    async def show(self) -> None:
        """
        Show the selected run as it is now.

        It is called twice a second while the tab is open and somebody sees the page; the next
        call waits for the one before.
        """


@dataclass(frozen=True)
class DetailTab:
    """
    A tab.

    :param name: in the page, stable
    :param title: for people
    :param icon: name of a Material icon
    :param build: builds what it shows
    """

    name: str
    title: str
    icon: str
    build: Callable[[RunSelection, Studio], Detail]


TABS = (
    DetailTab('about', 'About this run', 'info', About),
    DetailTab('layers', 'Layers', 'layers', Layers),
    DetailTab('samples', 'Test samples', 'grid_view', Samples),
    DetailTab('evaluation', 'Evaluation', 'fact_check', Results),
    DetailTab('try', 'Try it', 'draw', TryIt),
    DetailTab('use', 'Use it', 'ios_share', UseIt),
)


class DetailsPanel:
    """
    The tabs below the curves.

    :param selection: the run that is looked at
    :param studio: what all views share
    :param is_looked_at: whether somebody sees the page
    """

    def __init__(
        self, selection: RunSelection, studio: Studio, is_looked_at: Callable[[], bool]
    ) -> None:
        self._selection, self._studio, self._is_looked_at = selection, studio, is_looked_at
        self._details: dict[str, Detail] = {}
        with ui.element('section').classes('nn-card') as self._place:
            self._place.props('aria-label="Details of the run"').set_visibility(False)
            with ui.tabs().props('dense no-caps align=left outside-arrows') as self._tabs:
                for tab in TABS:
                    ui.tab(tab.name, tab.title, tab.icon).props(f'data-tab={tab.name}')
            with ui.tab_panels(self._tabs, value=TABS[0].name).props('animated=false') as panels:
                panels.classes('nn-details')
                self._panels = {tab.name: ui.tab_panel(tab.name) for tab in TABS}
        ui.timer(PERIOD_S, self._poll)

    async def _poll(self) -> None:
        self._place.set_visibility(self._selection.reading is not None)
        if self._selection.reading is None or not self._is_looked_at():
            return
        opened = str(self._tabs.value)
        if opened not in self._details:
            tab = next(one for one in TABS if one.name == opened)
            with self._panels[opened]:
                self._details[opened] = tab.build(self._selection, self._studio)
        await self._details[opened].show()
