"""Names that belong to a topic of images, as image_transport and camera drivers form them."""

from __future__ import annotations

from rclpy.node import Node


def compressed_topic(node: Node, image: str = 'image') -> str:
    """
    Name the topic of the compressed images.

    A remapping of ``image`` moves ``image/compressed`` with it, unless that has a
    remapping of its own.

    :param image: name of the topic of the raw images, before remapping
    """
    compressed = f'{image}/compressed'
    if _is_remapped(node, compressed):
        return compressed
    return node.resolve_topic_name(image) + '/compressed'


def camera_info_topic(node: Node) -> str:
    """Name the topic of the calibration: beside the image, unless it is remapped itself."""
    if _is_remapped(node, 'camera_info'):
        return 'camera_info'
    return node.resolve_topic_name('image').rpartition('/')[0] + '/camera_info'


def depth_info_topic(node: Node, depth: str = 'depth') -> str:
    """
    Name the topic of the depth images' calibration.

    Where ``depth`` is remapped it lies beside that, as drivers have it, unless it is remapped
    itself.

    :param depth: name of the topic of the depth images, before remapping
    """
    info = f'{depth}/camera_info'
    if _is_remapped(node, depth) and not _is_remapped(node, info):
        return node.resolve_topic_name(depth).rpartition('/')[0] + '/camera_info'
    return info


def _is_remapped(node: Node, name: str) -> bool:
    return bool(node.resolve_topic_name(name) != node.resolve_topic_name(name, only_expand=True))
