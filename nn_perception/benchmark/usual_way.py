"""
The usual way to run a network: everything in the callback of the subscription.

The benchmark compares the tagger with this node: default quality of service, cv_bridge, PIL,
torchvision's transforms, eager torch. The network and its weights are those of the tagger.
"""

from __future__ import annotations

from contextlib import suppress

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.networks.build import build
from PIL import Image as PilImage
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import Image
import torch
from torchvision import transforms
from vision_msgs.msg import Classification, ObjectHypothesis

try:
    from cv_bridge import CvBridge
except (ImportError, AttributeError):
    # Without a ROS installation the package uses rosbags-image instead, and so does this node.
    from rosbags.image import image_to_cvimage

    class CvBridge:  # type: ignore[no-redef]
        """The part of cv_bridge that is used."""

        def imgmsg_to_cv2(self, msg: Image, encoding: str) -> object:
            """Convert a message to an image."""
            return image_to_cvimage(msg, encoding)


class UsualWay(Node):
    """A tagger as in tutorials."""

    def __init__(self) -> None:
        super().__init__('tagger')
        checkpoint = find_checkpoint(DEFAULT_MODEL)
        preprocessing = checkpoint.image_preprocessing
        self._labels = checkpoint.labels
        self._bridge = CvBridge()
        self._network = build(checkpoint.network, len(checkpoint.labels))
        weights = {name: torch.from_numpy(w) for name, w in checkpoint.weights().items()}
        self._network.load_state_dict(weights)
        self._network.eval()
        self._transform = transforms.Compose(
            [
                transforms.Resize(round(preprocessing.size / preprocessing.crop)),
                transforms.CenterCrop(preprocessing.size),
                transforms.ToTensor(),
                transforms.Normalize(
                    [v / 255 for v in preprocessing.mean], [v / 255 for v in preprocessing.std]
                ),
            ]
        )
        self._tags = self.create_publisher(Classification, '~/tags', 10)
        self.create_subscription(Image, 'image', self._on_image, 10)

    def _on_image(self, msg: Image) -> None:
        image = self._bridge.imgmsg_to_cv2(msg, 'rgb8')
        batch = self._transform(PilImage.fromarray(image)).unsqueeze(0)
        with torch.no_grad():
            scores = self._network(batch)[0].softmax(0)
        best = scores.topk(5)
        result = Classification(header=msg.header)
        for score, index in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            result.results.append(ObjectHypothesis(class_id=self._labels[index], score=score))
        self._tags.publish(result)


def main() -> None:
    """Run the node until the process gets a signal."""
    rclpy.init()
    node = UsualWay()
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)


if __name__ == '__main__':
    main()
