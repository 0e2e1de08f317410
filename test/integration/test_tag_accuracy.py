"""Accuracy of the tags of photographs, with the command line tool."""

import json
import os
import subprocess
import sys

from nn_perception.core.subprocess import PACKAGE_ROOT

MIN_TOP_1 = 0.87
MIN_TOP_5 = 0.97


def test_tags_of_imagenet_photographs(test_data):
    folder = test_data / 'imagenet_samples'
    truth = json.loads((folder / 'labels.json').read_text(encoding='utf-8'))
    assert len(truth) == 100
    finished = subprocess.run(
        [sys.executable, '-m', 'nn_perception.cli', 'tag', '--json', '--top-k', '5',
         *(str(folder / name) for name in truth)],
        env=dict(os.environ, PYTHONPATH=str(PACKAGE_ROOT)),
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    results = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [result['file'] for result in results] == [str(folder / name) for name in truth]
    ranks = []
    for result, entry in zip(results, truth.values(), strict=True):
        labels = [tag['label'] for tag in result['tags']]
        ranks.append(labels.index(entry['name']) if entry['name'] in labels else 5)
    top_1 = sum(rank == 0 for rank in ranks) / len(ranks)
    top_5 = sum(rank < 5 for rank in ranks) / len(ranks)
    assert top_1 >= MIN_TOP_1
    assert top_5 >= MIN_TOP_5
