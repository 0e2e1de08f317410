"""Find the pictures, or sounds, of folders, and say what else is in them."""

from __future__ import annotations

import os
from pathlib import Path

from nn_perception.core.files.names import checked_label
from nn_perception.training.datasets.left_out import LeftOut
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.datasets.media.pictures import IMAGES

# A folder that somebody names by mistake may be a whole disk.
MAX_COUNTED = 10_000


def find_pictures(
    folder: Path, own_files: frozenset[str], medium: Medium = IMAGES
) -> tuple[dict[str, tuple[Path, str]], LeftOut]:
    """
    Find the pictures ``<label>/<name>`` of a folder; what links lead to counts as well.

    :param own_files: names of files in the folder that are no pictures and belong to it
    :param medium: of sounds: these are found instead of pictures
    :returns: path and label of each picture, by name; and everything else in the folder
    :raises OSError: if the folder cannot be read
    """
    pictures: dict[str, tuple[Path, str]] = {}
    left_out = LeftOut()
    # A dataset of our own may have an empty folder, for example of a label that is being stored.
    own = any((folder / name).exists() for name in own_files)
    for entry in sorted(folder.iterdir()):
        if entry.name in own_files:
            continue
        if not entry.is_dir():
            reason = _reason(entry, medium) or _unlabelled(medium)
            left_out.add(entry.name, reason, pictures=_is_picture(entry, medium))
            continue
        if entry.name.startswith('.'):
            left_out.add(f'{entry.name}/', 'hidden folders are not read', pictures=0)
            continue
        try:
            label = checked_label(entry.name)
        except ValueError as error:
            count = _count_pictures(entry, medium)
            name = f'the folder {entry.name} ({medium.words.count_files(count)})'
            left_out.add(name, str(error), pictures=count)
            continue
        found = pictures_in(entry, left_out, medium, prefix=f'{entry.name}/')
        pictures |= {f'{entry.name}/{path.name}': (path, label) for path in found}
        if not found and not (own and _is_empty(entry)):
            reason = f'its folder contains no {medium.words.files}'
            left_out.add(f'the label {label}', reason, pictures=0)
    return pictures, left_out


def pictures_in(
    folder: Path, left_out: LeftOut, medium: Medium = IMAGES, *, prefix: str = ''
) -> list[Path]:
    """
    Find the pictures that are directly in a folder, sorted.

    :param left_out: gets everything else in the folder
    :param medium: of sounds: these are found instead of pictures
    :param prefix: what precedes the names in sentences
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        left_out.add(prefix or str(folder), f'it cannot be read ({error.strerror})')
        return []
    pictures = []
    for entry in entries:
        name, reason = f'{prefix}{entry.name}', _reason(entry, medium)
        if entry.is_dir() and not entry.name.startswith('.'):
            count = _count_pictures(entry, medium)
            counted = f'{name}/ ({medium.words.count_files(count)})'
            left_out.add(counted, _nested(medium), pictures=count)
        elif reason:
            left_out.add(name, reason, pictures=_is_picture(entry, medium))
        else:
            pictures.append(entry)
    for path in pictures:
        if why := medium.single.get(path.suffix.lower()):
            left_out.add(f'{prefix}{path.name} beyond its first image', why, pictures=0)
    return pictures


def _unlabelled(medium: Medium) -> str:
    file = medium.words.file
    return f'a {file} needs a label; move it to a folder with the name of its label'


def _nested(medium: Medium) -> str:
    return (
        f'the {medium.words.files} of a label must be directly in its folder; move them there, or '
        'name the folder that holds the labels'
    )


def _reason(path: Path, medium: Medium) -> str:
    """Say why a file is no picture that can be used; empty if it may be one."""
    if path.name.startswith('.'):
        return 'hidden files are not read'
    if path.is_symlink() and not path.exists():
        return 'the link leads nowhere'
    suffix = path.suffix.lower()
    if suffix not in medium.suffixes:
        return medium.reasons.get(suffix, medium.unnamed)
    return '' if path.is_file() else 'it is no regular file'


def _is_empty(folder: Path) -> bool:
    try:
        return not any(folder.iterdir())
    except OSError:
        return False


def _is_picture(path: Path, medium: Medium) -> bool:
    """Say whether somebody would call a file a picture, by its name, or link to pictures."""
    suffix = path.suffix.lower()
    known = suffix in medium.suffixes or suffix in medium.reasons or path.is_symlink()
    return known and path.name[0] != '.'


def _count_pictures(folder: Path, medium: Medium) -> int:
    """Count the pictures in a folder and its subfolders, up to a limit."""
    count = seen = 0
    for _, _, files in os.walk(folder):
        count += sum(_is_picture(Path(name), medium) for name in files)
        seen += len(files)
        if seen > MAX_COUNTED:
            break
    return count
