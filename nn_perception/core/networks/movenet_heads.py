"""What the maps of MoveNet mean; imports nothing, so that who decodes them needs no torch."""

from __future__ import annotations

# Inputs are multiples of so many pixels; a cell of a map covers CELL_PX x CELL_PX of them.
SIZE_STEP = 32
CELL_PX = 4

MOVENETS = ('movenet_multipose', 'movenet_thunder', 'movenet_lightning')

KEYPOINTS = 17
# The order of the outputs. All are logits, or lengths in cells, each y before x:
# center: how much a cell is the middle of a person; heatmap: of each kind of joint, how much a
# cell is one; regression: from a person's middle to each joint; offset: from a cell to the joint
# in it; box_scale: height and width of a person; box_offset: from the middle's cell to the box's.
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
