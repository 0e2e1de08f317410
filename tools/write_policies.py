#!/usr/bin/env python3
"""
Write config/sros2/policies.xml: what each process may publish, subscribe to, answer and call.

``python tools/write_policies.py`` starts the nodes, asks the ROS graph which names each of them
uses, and writes the policies. test/integration/test_policies.py does the same and fails if the
file differs. What only exists with other parameters is added by the tables below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
import contextlib
from dataclasses import dataclass, field
from functools import partial
import os
from pathlib import Path
import re
import subprocess
import tempfile
import textwrap
import time

from nn_perception.benchmark.discovery import stay_on_this_machine
from nn_perception.ros.process.main import prepare_process
from nn_perception.ros.process.node_process import end_process, node_command
import rclpy
from rclpy.action import (
    get_action_client_names_and_types_by_node,
    get_action_server_names_and_types_by_node,
)
from rclpy.node import Node, NodeNameNonExistentError

ROOT = Path(__file__).resolve().parents[1]
POLICIES = ROOT / 'config' / 'sros2' / 'policies.xml'
CAMERA_NODES = ('tagger', 'digit_reader', 'pose_estimator', 'fine_tuner')
PERCEPTION, CAMERA_SOURCE, OPERATOR = 'perception', 'camera_source', 'operator'
SOUND_SOURCE = 'sound_source'
# Nodes that hear.
SOUND_NODES = ('sound_tagger', 'sound_fine_tuner')
STUDIO = 'studio'
OBSERVER = 'policy_observer'
ENCLAVE_FOLDER, COMPOSED_NAMESPACE = '/nn_perception', '/composed'
START_LIMIT_S = 300.0
SETTLE_S = 2.0
WIDTH = 118

HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<!--
  What each process of nn_perception may do in a secured ROS graph (SROS 2).
  How to use it: docs/security.md.

  Written by tools/write_policies.py from what the nodes really use; change the copy on your robot:
  - your topics in the place of image and depth, which are the names before remapping;
  - your namespace in the place of ns="/".
-->
<policy version="0.2.0">
  <enclaves>
"""
FOOTER = """  </enclaves>
</policy>
"""

# The processes that a launch file starts; ROS_SECURITY_ENCLAVE_OVERRIDE gives all the same
# enclave. launch_ros makes a node of its own, whose name ends with the number of the process.
COMPOSED = (PERCEPTION, *CAMERA_NODES)
ENCLAVES = {
    **{name: (name, 'launch_ros') for name in CAMERA_NODES},
    **{name: (name, SOUND_SOURCE, 'launch_ros') for name in SOUND_NODES},
    CAMERA_SOURCE: (CAMERA_SOURCE,),
    SOUND_SOURCE: (SOUND_SOURCE,),
    PERCEPTION: (*COMPOSED, 'launch_ros'),
    'teach': (PERCEPTION, 'tagger', 'fine_tuner', 'launch_ros'),
    'demo': (*COMPOSED, CAMERA_SOURCE, 'rviz2', 'launch_ros'),
    'gazebo': (*COMPOSED, CAMERA_SOURCE, 'rviz2', 'gazebo_bridge', 'camera_pose', 'launch_ros'),
    STUDIO: (STUDIO, *COMPOSED, CAMERA_SOURCE, 'rviz2', 'launch_ros'),
    OPERATOR: (OPERATOR,),
}
PARAMETER_SERVICES = tuple(
    'describe_parameters get_parameter_types get_parameters get_type_description list_parameters '
    'set_parameters set_parameters_atomically'.split()
)
# Results that the page shows, and services of all nodes that it calls while somebody looks.
PAGE_SHOWS = {
    '/tagger/tags',
    '/sound_tagger/tags',
    '/digit_reader/digits',
    '/digit_reader/text',
    '/pose_estimator/poses',
    '/fine_tuner/active_model',
    '/fine_tuner/dataset',
    '/fine_tuner/progress',
    '/sound_fine_tuner/active_model',
    '/sound_fine_tuner/dataset',
    '/sound_fine_tuner/progress',
}
PAGE_CALLS = (
    *('enable', 'list_parameters', 'describe_parameters', 'get_parameters', 'set_parameters'),
    *('capture', 'record', 'add_frame', 'list_frames', 'get_frame', 'rename_label'),
    *('delete_frames', 'list_models', 'activate_model', 'add_clip', 'get_clip'),
)
OF_EVERY_NODE = {'/parameter_events', '/rosout'}
RVIZ_TOOLS = {'/clicked_point', '/goal_pose', '/initialpose'}
# Names that no namespace changes.
GLOBAL = (
    '/clock',
    '/diagnostics',
    '/humans',
    '/launch_ros',
    '/parameter_events',
    '/rosout',
    '/tf',
)
# An operator manages the nodes, and looks at results; images and sound are for nodes.
FRAMES = {'/image', '/image/compressed'}
SOUND = {'/audio'}


@dataclass
class Profile:
    """
    The names that a node uses, absolute.

    :param publish: topics that it publishes
    :param subscribe: topics that it subscribes to
    :param reply: services that it offers
    :param request: services that it calls
    :param execute: actions that it offers
    :param call: actions that it calls
    """

    publish: set[str] = field(default_factory=set)
    subscribe: set[str] = field(default_factory=set)
    reply: set[str] = field(default_factory=set)
    request: set[str] = field(default_factory=set)
    execute: set[str] = field(default_factory=set)
    call: set[str] = field(default_factory=set)


# Attribute of the policy -> element that it is in, and element of each name.
RULES = {
    'publish': ('topics', 'topic'),
    'subscribe': ('topics', 'topic'),
    'reply': ('services', 'service'),
    'request': ('services', 'service'),
    'execute': ('actions', 'action'),
    'call': ('actions', 'action'),
}


@contextlib.contextmanager
def running_nodes() -> Iterator[Node]:
    """Run each node in a process of its own, and all in one; yield a node that observes them."""
    prepare_process()
    nodes = f'nodes:=[{", ".join(CAMERA_NODES)}]'
    # In a namespace of their own: two nodes of one name would be taken for one.
    composed = ('-r', f'__ns:={COMPOSED_NAMESPACE}', '-p', nodes)
    started = dict.fromkeys((*CAMERA_NODES, *SOUND_NODES, CAMERA_SOURCE, SOUND_SOURCE), ())
    started |= {PERCEPTION: composed}
    started[STUDIO] = ('-p', 'port:=0')
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        environment = {**os.environ, 'NN_PERCEPTION_DATA': folder}
        for name, options in started.items():
            enclave = ('--enclave', f'{ENCLAVE_FOLDER}/{name}')
            command = node_command(name, {'use_sim_time': True}, [*enclave, *options])
            stack.callback(end_process, subprocess.Popen(command, env=environment))
        context = rclpy.Context()
        rclpy.init(context=context)
        stack.callback(rclpy.try_shutdown, context=context)
        observer = Node(OBSERVER, context=context)
        stack.callback(observer.destroy_node)
        yield observer


def observe(observer: Node) -> dict[str, Profile]:
    """
    Ask the ROS graph which names the nodes use, until all are active.

    :returns: name of each node -> what it uses; of those in one process only ``perception``
    :raises TimeoutError: if a node is not active in time
    """
    deadline_s = time.monotonic() + START_LIMIT_S
    while True:
        profiles = _profiles(observer)
        # An active node subscribes to its images, or to its sound.
        inputs = {'/image', '/audio'}
        active = [name for name, found in profiles.items() if inputs & found.subscribe]
        others = {CAMERA_SOURCE, SOUND_SOURCE, STUDIO}
        sensing = {*CAMERA_NODES, *SOUND_NODES, PERCEPTION}
        if set(active) >= sensing and others <= {*profiles}:
            time.sleep(SETTLE_S)
            return _profiles(observer)
        if time.monotonic() > deadline_s:
            raise TimeoutError(f'only these nodes are active: {", ".join(active) or "none"}')
        time.sleep(0.2)


def _profiles(observer: Node) -> dict[str, Profile]:
    profiles = {}
    for name, namespace in observer.get_node_names_and_namespaces():
        wanted = '/' if name != PERCEPTION else COMPOSED_NAMESPACE
        if name == OBSERVER or namespace != wanted:
            continue
        with contextlib.suppress(NodeNameNonExistentError):  # discovered only in part
            profiles[name] = _profile(observer, name, namespace)
    return profiles


def _profile(observer: Node, name: str, namespace: str) -> Profile:
    def names(query: Callable[[str, str], list[tuple[str, list[str]]]]) -> set[str]:
        found = (topic.removeprefix(COMPOSED_NAMESPACE) for topic, _ in query(name, namespace))
        return {topic for topic in found if '/_action/' not in topic}

    return Profile(
        publish=names(observer.get_publisher_names_and_types_by_node),
        subscribe=names(observer.get_subscriber_names_and_types_by_node),
        reply=names(observer.get_service_names_and_types_by_node),
        request=names(observer.get_client_names_and_types_by_node),
        execute=names(partial(get_action_server_names_and_types_by_node, observer)),
        call=names(partial(get_action_client_names_and_types_by_node, observer)),
    )


def complete(observed: Mapping[str, Profile]) -> dict[str, Profile]:
    """Add what other parameters use, the operator, and the programs of other packages."""
    profiles = dict(observed)
    for profile in profiles.values():
        # With image_transport: compressed.
        profile.subscribe |= {f'{name}/compressed' for name in profile.subscribe & {'/image'}}
        profile.subscribe.add('/clock')
    # A topic for each person, with hri_msgs.
    profiles['pose_estimator'].publish |= {'/humans/bodies/tracked', '/humans/bodies/*'}
    profiles['launch_ros'] = _other('launch_ros_*')
    profiles['rviz2'] = _other('rviz2', publish=RVIZ_TOOLS, subscribe=_of_rviz())
    # In the same enclave the nodes subscribe to what the bridge publishes.
    bridged = _of_bridge()
    profiles['gazebo_bridge'] = _other('gazebo_bridge', publish=bridged, subscribe=bridged)
    profiles['camera_pose'] = _other('camera_pose', publish={'/tf_static'})
    _complete_page(profiles)
    names = (*COMPOSED, *SOUND_NODES, CAMERA_SOURCE, SOUND_SOURCE, STUDIO)
    nodes = [profiles[name] for name in names]
    operator = _other(OPERATOR)
    for profile in nodes:
        operator.subscribe |= profile.publish - FRAMES - SOUND
        operator.request |= profile.reply
        operator.call |= profile.execute
    return profiles | {OPERATOR: operator}


def _complete_page(profiles: Mapping[str, Profile]) -> None:
    """Add what the page uses while somebody looks, of the nodes that are there."""
    page = profiles[STUDIO]
    page.subscribe |= {*FRAMES, *SOUND, '/diagnostics'}
    for name in (*CAMERA_NODES, *SOUND_NODES):
        own = profiles[name]
        page.subscribe |= own.publish & PAGE_SHOWS
        page.request |= own.reply & {f'/{name}/{service}' for service in PAGE_CALLS}
        page.call |= own.execute


def _other(name: str, **names: set[str]) -> Profile:
    """Describe a node that is not observed."""
    profile = Profile(**{rule: set(topics) for rule, topics in names.items()})
    profile.publish |= OF_EVERY_NODE
    profile.subscribe.add('/clock')
    profile.reply |= {f'/{name}/{service}' for service in PARAMETER_SERVICES}
    return profile


def _of_rviz() -> set[str]:
    """List the topics that config/perception.rviz shows."""
    text = (ROOT / 'config' / 'perception.rviz').read_text()
    topics = re.findall(r'^ {8}Value: ([a-z_/]+)$', text, re.M)
    return {f'/{topic}' for topic in topics} | {'/tf', '/tf_static'}


def _of_bridge() -> set[str]:
    """List the topics that config/gazebo_bridge.yaml forwards."""
    text = (ROOT / 'config' / 'gazebo_bridge.yaml').read_text()
    return {f'/{topic.lstrip("/")}' for topic in re.findall(r'ros_topic_name: (\S+)', text)}


def document(profiles: Mapping[str, Profile]) -> str:
    """Write the policies of all enclaves as XML."""
    lines = []
    for enclave, names in ENCLAVES.items():
        lines += [f'    <enclave path="{ENCLAVE_FOLDER}/{enclave}">', '      <profiles>']
        for name in names:
            lines += _xml_of(name, profiles[name])
        lines += ['      </profiles>', '    </enclave>']
    return HEADER + '\n'.join(lines) + FOOTER


def _xml_of(node: str, profile: Profile) -> Iterator[str]:
    yield f'        <profile ns="/" node="{node}">'
    for rule, (group, element) in RULES.items():
        if names := sorted(getattr(profile, rule)):
            yield f'          <{group} {rule}="ALLOW">'
            text = ' '.join(f'<{element}>{_relative(name, node)}</{element}>' for name in names)
            margin = ' ' * 12
            yield textwrap.fill(
                text,
                WIDTH,
                initial_indent=margin,
                subsequent_indent=margin,
                break_on_hyphens=False,
                break_long_words=False,
            )
            yield f'          </{group}>'
    yield '        </profile>'


def _relative(name: str, node: str) -> str:
    """Shorten a name as ROS does: by the node's name or, unless it is global, its namespace."""
    if name.startswith(f'/{node}/'):
        return f'~/{name.removeprefix(f"/{node}/")}'
    return name if name.startswith(GLOBAL) else name.lstrip('/')


def main() -> None:
    """Rewrite the file."""
    stay_on_this_machine()
    with running_nodes() as observer:
        text = document(complete(observe(observer)))
    POLICIES.parent.mkdir(exist_ok=True)
    POLICIES.write_text(text)


if __name__ == '__main__':
    main()
