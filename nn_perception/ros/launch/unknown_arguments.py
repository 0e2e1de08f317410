"""
Name the launch arguments that a launch file does not have.

``ros2 launch`` ignores them without a word, so that a misspelt one seems to have no effect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

from nn_perception.core.misspelling import is_misspelling
from nn_perception.core.quoting import quoted

# It has arguments of its own, and includes another of our files.
_INCLUDES_OURS = 'gazebo.launch.py'
# launch and launch_ros read them, although no launch file declares them.
OF_LAUNCH = frozenset(
    'emulate_tty launch-prefix launch-prefix-filter output ros_namespace sigkill_timeout '
    'sigterm_timeout'.split()
)


def check_command_line(
    command_line: Sequence[str], names: Collection[str], launch_folder: Path
) -> None:
    """
    Reject unknown arguments of ``ros2 launch``, if it launches a file of this package.

    If it launches the user's own file, that may have other arguments.

    :param command_line: of the process
    :param names: arguments of the launch file
    :param launch_folder: where the launch files of the package are installed
    :raises ValueError: says which is unknown, and which was probably meant
    """
    if not _launches_our_file(command_line, launch_folder):
        return
    for argument in command_line:
        name, separator, _ = argument.partition(':=')
        if separator and name not in names and name not in OF_LAUNCH:
            close = get_close_matches(name, sorted(names), 1)
            hint = f'did you mean {close[0]}?' if close else f'expected one of {", ".join(names)}'
            raise ValueError(f'{quoted(name)}: unknown argument; {hint}')


def probable_misspellings(given: Iterable[str], names: Collection[str]) -> list[str]:
    """
    Find arguments that another launch file gives to one of ours, and misspells.

    :param given: all arguments that are set, also those of the other launch file itself
    :param names: arguments of our launch file
    :returns: a sentence for each
    """
    return [
        f'{quoted(one)}: unknown argument; did you mean {name}?'
        for one in given
        if one not in names
        for name in names
        if is_misspelling(one, name)
    ]


def _launches_our_file(command_line: Sequence[str], launch_folder: Path) -> bool:
    """Tell whether the command line names a launch file by our package, or by its path."""
    words = [word for word in command_line if ':=' not in word]
    if any(Path(word).name == _INCLUDES_OURS for word in words):
        return False
    by_package = any(
        package == 'nn_perception' and (launch_folder / file).is_file()
        for package, file in pairwise(words)
        if Path(file).name == file
    )
    folder = launch_folder.resolve()
    return by_package or any(
        word.endswith('.py') and Path(word).resolve().parent == folder for word in words
    )
