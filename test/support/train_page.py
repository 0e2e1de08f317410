"""What tests of the view Train do on the page."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Any

from browser import Watched
from patience import HANGS_S, wait_until

PATIENCE_MS = HANGS_S * 1000 / 5
SAMPLES = '500'


def until(condition: Any) -> Any:
    """Wait until a condition of a page holds, and leave the processor to the page."""
    return wait_until(condition, interval_s=0.1)


@dataclass
class TrainPage:
    """
    The view in a tab of Chromium.

    :param page: of Playwright
    :param watched: what the page must not do
    """

    page: Any
    watched: Watched

    def figure(self, name: str) -> str:
        """Return a figure of the selected run."""
        found = self.page.locator('.nn-figures div').filter(
            has=self.page.get_by_text(name, exact=True)
        )
        return str(found.locator('dd').first.inner_text())

    def number(self, name: str) -> float:
        """Return a figure as a number; -1 if there is none yet."""
        found = re.match(r'[\d,.]+', self.figure(name))
        return float(found[0].replace(',', '')) if found else -1.0

    def points(self, title: str) -> int:
        """Return how many points a graph shows."""
        label = self.graph(title).locator('[role=img]').get_attribute('aria-label')
        found = re.search(r'(\d+) points', str(label))
        assert found
        return int(found[1])

    def graph(self, title: str) -> Any:
        """Return a graph."""
        return self.page.locator('figure').filter(has_text=title)

    def state(self) -> str:
        """Return what the selected run is doing."""
        return str(self.page.locator('.nn-steering [role=status]').first.inner_text())

    def wait_for_state(self, beginning: str) -> None:
        """Wait until the selected run is in a state."""
        until(lambda: self.state().startswith(beginning))

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role('button', name=name, exact=True).click()

    def choose_little_data(self, epochs: int) -> None:
        """Choose the data that are always there, and few of them."""
        self.page.get_by_text('samples to train with').wait_for()
        self.page.get_by_role('combobox', name='Data').click()
        self.page.get_by_role('option', name='generated digits').click()
        self.page.get_by_text('Settings', exact=True).click()
        self.fill('Training samples', SAMPLES)
        self.fill('Epochs', str(epochs))

    def fill(self, label: str, text: str, *, panel: str = 'New run') -> None:
        """Type into a field, and press Enter."""
        region = self.page.get_by_role('region', name=panel)
        field = region.get_by_role('textbox', name=label, exact=True)
        field.fill(text)
        field.press('Enter')

    def names(self) -> list[str]:
        """Return the titles of all runs."""
        return list(self.page.locator('.nn-run-name').all_inner_texts())


def open_train(chromium: Any, url: str) -> TrainPage:
    """Open the view in a tab."""
    page = chromium.new_page(viewport={'width': 1400, 'height': 1000})
    page.set_default_timeout(PATIENCE_MS)
    watched = Watched()
    watched.watch(page)
    page.goto(url)
    page.get_by_role('button', name='Start', exact=True).wait_for()
    return TrainPage(page, watched)
