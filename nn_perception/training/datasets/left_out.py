"""What is left out of a dataset and why, in sentences that stay few and short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

MAX_NAMED = 5
MAX_SENTENCES = 20


class LeftOut:
    """Files and folders that are not used, by reason."""

    def __init__(self) -> None:
        self._pictures: dict[str, list[str]] = {}
        self._others: dict[str, list[str]] = {}

    def add(self, name: str, reason: str, *, pictures: int = 1) -> None:
        """
        Leave out a file or folder.

        :param name: path within the dataset
        :param reason: completes the sentence "... is left out: "
        :param pictures: number of pictures that are lost with it
        """
        kind = self._pictures if pictures else self._others
        kind.setdefault(reason, []).append(name)

    def pictures(self) -> tuple[str, ...]:
        """Return one sentence for each reason why pictures are lost, with the first names."""
        return _sentences(self._pictures)

    def others(self) -> tuple[str, ...]:
        """Return the sentences about files that nobody would call a picture."""
        return _sentences(self._others)


class Failures:
    """
    Files that should be used and cannot be, by reason.

    :param outcome: what becomes of them, at the end of each sentence
    """

    def __init__(self, outcome: str = '') -> None:
        self._outcome = outcome
        self._names: dict[str, list[str]] = {}

    def add(self, name: object, reason: str) -> None:
        """
        Leave out a file.

        :param reason: what follows the name in a sentence, "is empty"
        """
        self._names.setdefault(reason, []).append(str(name))

    def sentences(self) -> list[str]:
        """Return one sentence for each reason, with the first names."""
        return shortened(
            f'{printable(first)} {reason}{self._outcome}'
            + (f'; the same goes for {listed(others)}' if others else '')
            for reason, (first, *others) in self._names.items()
        )


def shortened(sentences: Iterable[str]) -> list[str]:
    """Keep the first sentences, and count the others."""
    kept = list(sentences)
    more = len(kept) - MAX_SENTENCES
    return kept if more <= 0 else [*kept[:MAX_SENTENCES], f'and {more} more problems of this kind']


def as_text(sentences: Sequence[str]) -> str:
    """Join sentences to one text."""
    return ' '.join(one if one.endswith('.') else f'{one}.' for one in sentences)


def printable(name: str) -> str:
    """Escape what cannot be printed in the name of a file."""
    return name if name.isprintable() else repr(name)[1:-1]


def _sentences(names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(shortened(f'{_named(some)} left out: {why}' for why, some in names.items()))


def _named(names: Sequence[str]) -> str:
    """Name the first, count the others, and add the verb."""
    return f'{listed(names)} {"is" if len(names) == 1 else "are"}'


def listed(names: Sequence[str]) -> str:
    """Name the first, and count the others."""
    shown = [printable(name) for name in names[:MAX_NAMED]]
    if more := len(names) - len(shown):
        shown.append(f'{more} more')
    return ' and '.join([', '.join(shown[:-1]), shown[-1]] if shown[1:] else shown)
