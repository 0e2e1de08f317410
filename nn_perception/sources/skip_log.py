"""Log what cannot be read, once."""

from __future__ import annotations

import logging

MAX_SENTENCES = 100


class SkipLog:
    """
    Log each sentence once, however often a source is played.

    :param logger: of the module that skips
    :param max_sentences: so many different ones are logged
    """

    def __init__(self, logger: logging.Logger, max_sentences: int = MAX_SENTENCES) -> None:
        self._logger = logger
        self._max_sentences = max_sentences
        self._logged: set[str] = set()

    def warn(self, sentence: str) -> None:
        """Log a sentence, unless it was logged before or there were too many."""
        if sentence in self._logged or len(self._logged) > self._max_sentences:
            return
        self._logged.add(sentence)
        if len(self._logged) > self._max_sentences:
            sentence = f'more than {self._max_sentences} warnings; further ones are not logged'
        self._logger.warning('%s', sentence)
