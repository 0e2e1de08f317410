"""The output maps of MoveNet; imports nothing, so that decoding them does not need torch."""

from __future__ import annotations

# Input sides are multiples of SIZE_STEP pixels; a cell of a map covers CELL_PX x CELL_PX pixels.
SIZE_STEP = 32
CELL_PX = 4

MOVENETS = ('movenet_multipose', 'movenet_thunder', 'movenet_lightning')

KEYPOINTS = 17
# The order of the outputs. Values are logits, or lengths in cells with y before x.
# center: whether a cell is the centre of a person. heatmap: whether a cell holds a keypoint, for
# each of the 17. regression: from the centre of a person to each keypoint. offset: from a cell to
# the keypoint in it. box_scale: height and width of a person. box_offset: from the centre cell to
# the centre of the box.
SINGLE_POSE_HEADS = ('center', 'heatmap', 'regression', 'offset')
MULTI_POSE_HEADS = (*SINGLE_POSE_HEADS, 'box_scale', 'box_offset')
HEAD_CHANNELS = {
    'center': 1,
    'heatmap': KEYPOINTS,
    'regression': 2 * KEYPOINTS,
    'offset': 2 * KEYPOINTS,
    'box_scale': 2,
    'box_offset': 2,
}
