"""The summary of an annotated bag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from nn_perception.bags.topics import ResultTopics

MAX_REASONS = 20


@dataclass
class Summary:
    """
    What a bag got.

    :param images: number of images on the chosen topics
    :param refused: number of images without results
    :param outputs: number of messages on each new topic
    :param reasons: why images have no results, and how many
    """

    images: int = 0
    refused: int = 0
    outputs: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


def summarize(entries: Iterable[dict[str, Any]], topics: ResultTopics) -> Summary:
    """
    Count what a bag gets, before it is written.

    :param entries: of the journal, one for each image
    """
    summary = Summary(outputs=dict.fromkeys(topics.all, 0))
    reasons: Counter[str] = Counter()
    for entry in entries:
        summary.images += 1
        if 'found' not in entry:
            summary.refused += 1
            # Only so many, however many kinds of damage there are.
            if len(reasons) < MAX_REASONS or entry['problem'] in reasons:
                reasons[entry['problem']] += 1
            continue
        for topic in topics.of[entry['camera']]:
            summary.outputs[topic] += 1
    summary.reasons = dict(reasons.most_common())
    return summary
