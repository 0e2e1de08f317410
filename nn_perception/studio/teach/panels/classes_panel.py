"""The classes: their frames, and how frames are added and removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import context, ui
from nicegui.events import GenericEventArguments
from nn_perception.studio.backend.fine_tuning import FineTuning, FineTuningState
from nn_perception.studio.teach.calls import attempt, confirmed, done
from nn_perception.studio.teach.components import ClassCard, FrameGrid, UploadAll
from nn_perception.studio.teach.taught import PICTURES, Taught

SHOWN_CLASSES = 200


class ClassesPanel:
    """
    A card for each class.

    :param fine_tuning: the dataset
    :param taught: what is taught
    :param add_editor: adds what shows the example that is chosen in a list; None: nothing
    """

    def __init__(
        self,
        fine_tuning: FineTuning,
        taught: Taught = PICTURES,
        add_editor: Callable[[], object] | None = None,
    ) -> None:
        self._fine_tuning = fine_tuning
        self._taught = taught
        self._add_editor = add_editor
        self._cards: dict[str, ClassCard] = {}
        # Classes of this page that have no frames yet.
        self._drafts: set[str] = set()
        self._first = () if taught.first is None else (taught.first.label,)
        self._state = FineTuningState()
        self._grid: FrameGrid | None = None
        with ui.element('div').classes('nn-head'):
            ui.html('<h2 class="nn-heading">Classes</h2>', sanitize=False)
            self._total = ui.label().classes('nn-sentence').props('role=status')
        self._hint = ui.label(taught.hint).classes('nn-sentence')
        self._place = ui.element('div').classes('nn-classes')
        with ui.element('div').classes('nn-row'):
            add = ui.button('Add a class', icon='add', on_click=self._add).props('outline')
            add.mark('add-class')
            with ui.link(target=f'{taught.route}/download/dataset').classes('nn-button') as link:
                ui.icon('download').props('aria-hidden=true')
                ui.label('Download all')
            link.props('download')
            self._download = link
            self._upload = UploadAll(taught)

    async def show(self, state: FineTuningState) -> None:
        """Show the classes."""
        self._state = state
        self._drafts -= state.counts.keys()
        others = [*state.counts, *sorted(self._drafts)]
        labels = [*self._first, *(one for one in others if one not in self._first)]
        hidden = len(labels) - SHOWN_CLASSES
        labels = labels[:SHOWN_CLASSES]
        for gone in self._cards.keys() - set(labels):
            self._cards.pop(gone).delete()
        for at, label in enumerate(labels):
            if label not in self._cards:
                self._cards[label] = self._card(label, at)
            self._cards[label].show(
                count=state.counts.get(label, 0),
                recording=state.recording == label,
                locked=bool(state.reason),
            )
        total = sum(state.counts.values())
        words = f'{self._taught.count(total)}, {state.size_bytes / 1e6:.1f} MB'
        more = f'; {hidden} more classes are not shown' if hidden > 0 else ''
        self._total.set_text(words + more)
        self._hint.set_visibility(len(state.counts) < 2)
        self._upload.show(locked=bool(state.reason))
        self._download.set_visibility(total > 0)
        if self._grid is not None:
            self._grid.show(revision=total, locked=bool(state.reason))

    def _card(self, label: str, at: int) -> ClassCard:
        with self._place:
            card = ClassCard(label, self._taught)
        card.move(target_index=at)

        async def rename(event: GenericEventArguments) -> None:
            await self._rename(card, str(event.args['name']))

        async def remove() -> None:
            await self._remove(str(card.props['label']))

        card.on('rename', rename)
        card.on('remove', remove)
        card.on('open', lambda: self.show_frames(str(card.props['label'])))
        return card

    def show_frames(
        self, label: str, listed: Sequence[dict[str, str]] | None = None, title: str = ''
    ) -> None:
        """
        Show frames in a dialog.

        :param label: all frames of this label
        :param listed: these frames instead
        :param title: of the dialog
        """
        dialog, grid = self._add_dialog(label, listed, title)
        grid.show(locked=bool(self._state.reason), revision=sum(self._state.counts.values()))

        async def remove(event: GenericEventArguments) -> None:
            ids = [str(one) for one in event.args['ids']]
            question = f'Delete {self._taught.count(len(ids))}? This cannot be undone.'
            if len(ids) == 1 or await confirmed(question, 'Delete'):
                count = await attempt(self._fine_tuning.delete_frames, ids)
                if count and listed is not None:
                    kept = [one for one in listed if one['id'] not in ids]
                    listed[:] = kept  # type: ignore[index]
                    grid.show(listed=kept)
                if count:
                    ui.notify(f'{self._taught.count(count)} deleted.')

        def forget() -> None:
            self._grid = None
            dialog.delete()

        grid.on('remove', remove)
        dialog.on('hide', forget)
        self._grid = grid if listed is None else None
        dialog.open()

    def _add_dialog(
        self, label: str, listed: Sequence[dict[str, str]] | None, title: str
    ) -> tuple[ui.dialog, FrameGrid]:
        # Not where the event came from: that may be deleted while the dialog is open.
        content, card = context.client.content, ui.card
        items = self._taught.items.capitalize()
        with content, ui.dialog() as dialog, card().classes('nn-card nn-frames-dialog'):
            with ui.element('div').classes('nn-head'):
                ui.label(title or f'{items} of {label}').classes('nn-heading')
                close = ui.button(icon='close', on_click=dialog.close)
                close.props('flat round dense aria-label=Close')
            grid = FrameGrid(label, listed, self._taught)
            if self._add_editor is not None:
                self._add_editor()
        return dialog, grid

    def _add(self) -> None:
        number = 1
        while f'Class {number}' in self._cards:
            number += 1
        label = f'Class {number}'
        self._drafts.add(label)
        self._cards[label] = self._card(label, len(self._cards))

    async def _rename(self, card: ClassCard, name: str) -> None:
        label = str(card.props['label'])
        if label in self._drafts:
            if name in self._cards:
                ui.notify(f'The class {name} exists already.', type='negative')
                return
            self._drafts.discard(label)
            self._drafts.add(name)
        else:
            count = await attempt(self._fine_tuning.rename_label, label, name)
            if count is None:
                return
            said = self._taught.count(count)
            ui.notify(f'{label} is {name} now: {said}; nothing was retrained.')
        if self._cards.get(label) is card and name not in self._cards:
            del self._cards[label]
            self._cards[name] = card
            card.show(label=name)

    async def _remove(self, label: str) -> None:
        if label in self._drafts:
            self._drafts.discard(label)
            self._cards.pop(label).delete()
            return
        count = self._state.counts.get(label, 0)
        said = self._taught.count(count)
        question = f'Delete the class {label} with its {said}? This cannot be undone.'
        if await confirmed(question, 'Delete'):
            await done(self._fine_tuning.delete_label, label)
