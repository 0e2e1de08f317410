"""Names of the topics next to an image topic, as image_transport and camera drivers form them."""

from __future__ import annotations

from rclpy.node import Node


def compressed_topic(node: Node, image: str = 'image') -> str:
    """
    Name the topic of the compressed images.

    Remapping ``image`` also moves ``image/compressed``, unless that is remapped itself.

    :param node: node whose remappings apply
    :param image: topic of the raw images, before remapping
    """
    compressed = f'{image}/compressed'
    if _is_remapped(node, compressed):
        return compressed
    return str(node.resolve_topic_name(image)) + '/compressed'


def camera_info_topic(node: Node) -> str:
    """Name the topic of the calibration: next to the image, unless it is remapped itself."""
    if _is_remapped(node, 'camera_info'):
        return 'camera_info'
    return _next_to(node, 'image')


def depth_info_topic(node: Node, depth: str = 'depth') -> str:
    """
    Name the topic of the depth images' calibration.

    If ``depth`` is remapped, it is next to the depth images, as with camera drivers, unless it is
    remapped itself.

    :param node: node whose remappings apply
    :param depth: topic of the depth images, before remapping
    """
    info = f'{depth}/camera_info'
    if _is_remapped(node, depth) and not _is_remapped(node, info):
        return _next_to(node, depth)
    return info


def _next_to(node: Node, image: str) -> str:
    """Name the topic ``camera_info`` in the namespace of an image topic."""
    return str(node.resolve_topic_name(image)).rpartition('/')[0] + '/camera_info'


def _is_remapped(node: Node, name: str) -> bool:
    return bool(node.resolve_topic_name(name) != node.resolve_topic_name(name, only_expand=True))
