"""Accuracy of the pose presets on photographs with and without people: COCO's keypoint AP."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
import sys

from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.poses.skeleton import keypoint_array
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.run_options import RunOptions
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
import pytest

# AP also counts people with low scores, after all others.
MIN_SCORE = 0.02
MIN_PRECISION = {'fast': 0.39, 'accurate': 0.50}


@pytest.fixture(scope='module', params=MIN_PRECISION)
def estimator(request: pytest.FixtureRequest) -> PoseEstimator:
    return PoseEstimator.open(request.param, RunOptions(device='cpu'))


def average_precision(estimator: PoseEstimator, folder: Path) -> float:
    """Compute COCO's AP for keypoints: the mean over ten OKS thresholds, 0.5 to 0.95."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(folder / 'person_keypoints.json'))
    found = []
    for image in truth.loadImgs(truth.getImgIds()):
        photo = read_image(folder / 'images' / image['file_name'])
        for person in estimator.estimate(photo, min_score=MIN_SCORE):
            found.append(
                {
                    'image_id': image['id'],
                    'category_id': 1,
                    'keypoints': keypoint_array(person).ravel().tolist(),
                    'score': person.score,
                }
            )
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(found), 'keypoints')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def test_coco_keypoint_ap(estimator: PoseEstimator, test_data: Path) -> None:
    precision = average_precision(estimator, test_data / 'pose')
    sys.stdout.write(f'{estimator.preset}: AP {precision:.3f}\n')
    assert precision >= MIN_PRECISION[estimator.preset]


def test_photographs_without_people(estimator: PoseEstimator, test_data: Path) -> None:
    files = sorted((test_data / 'pose' / 'negatives').glob('*.jpg'))
    found = {path.name: len(estimator.estimate(read_image(path))) for path in files}
    assert len(found) == 8
    assert sum(count == 0 for count in found.values()) >= 7, found
