"""Find the pictures of folders, and say what else is in them."""

from __future__ import annotations

import os
from pathlib import Path

from nn_perception.core.files.names import checked_label
from nn_perception.sources.photographs import PHOTO_SUFFIXES
from nn_perception.training.datasets.left_out import LeftOut

# Pictures, by their names, that the package does not read.
OTHER_PICTURES = {
    'HEIC pictures cannot be read; convert them to JPEG, for example with heif-convert': (
        '.heic', '.heics', '.heif', '.heifs', '.hif',
    ),
    'raw pictures of a camera cannot be read; export them as JPEG': (
        '.arw', '.cr2', '.cr3', '.dng', '.nef', '.nrw', '.orf', '.pef', '.raf', '.raw', '.rw2',
    ),
    'a video is no picture; save single frames of it as JPEG': (
        '.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpg', '.webm', '.wmv',
    ),
    'pictures of this kind cannot be read; convert them to JPEG or PNG': (
        '.avif', '.eps', '.exr', '.hdr', '.ico', '.j2k', '.jp2', '.jpx', '.jxl', '.pcx', '.pdf',
        '.psd', '.svg', '.svgz', '.tga', '.xcf',
    ),
}  # fmt: skip
ANIMATIONS = {'.gif'}
# A folder that somebody names by mistake may be a whole disk.
MAX_COUNTED = 10_000


def _reasons() -> dict[str, str]:
    return {suffix: reason for reason, known in OTHER_PICTURES.items() for suffix in known}


REASONS = _reasons()
READABLE = ', '.join(sorted(PHOTO_SUFFIXES))
NO_PICTURE = f'the names of pictures end in {READABLE}'
NESTED = (
    'the pictures of a label must be directly in its folder; move them there, or name the folder '
    'that holds the labels'
)
UNLABELLED = 'a picture needs a label; move it to a folder with the name of its label'


def find_pictures(
    folder: Path, own_files: frozenset[str]
) -> tuple[dict[str, tuple[Path, str]], LeftOut]:
    """
    Find the pictures ``<label>/<name>`` of a folder; what links lead to counts as well.

    :param own_files: names of files in the folder that are no pictures and belong to it
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
            left_out.add(entry.name, _reason(entry) or UNLABELLED, pictures=_is_picture(entry))
            continue
        if entry.name.startswith('.'):
            left_out.add(f'{entry.name}/', 'hidden folders are not read', pictures=0)
            continue
        try:
            label = checked_label(entry.name)
        except ValueError as error:
            count = _count_pictures(entry)
            name = f'the folder {entry.name} ({_counted(count)})'
            left_out.add(name, str(error), pictures=count)
            continue
        found = pictures_in(entry, left_out, prefix=f'{entry.name}/')
        pictures |= {f'{entry.name}/{path.name}': (path, label) for path in found}
        if not found and not (own and _is_empty(entry)):
            left_out.add(f'the label {label}', 'its folder contains no pictures', pictures=0)
    return pictures, left_out


def pictures_in(folder: Path, left_out: LeftOut, *, prefix: str = '') -> list[Path]:
    """
    Find the pictures that are directly in a folder, sorted.

    :param left_out: gets everything else in the folder
    :param prefix: what precedes the names in sentences
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        left_out.add(prefix or str(folder), f'it cannot be read ({error.strerror})')
        return []
    pictures = []
    for entry in entries:
        name, reason = f'{prefix}{entry.name}', _reason(entry)
        if entry.is_dir() and not entry.name.startswith('.'):
            count = _count_pictures(entry)
            left_out.add(f'{name}/ ({_counted(count)})', NESTED, pictures=count)
        elif reason:
            left_out.add(name, reason, pictures=_is_picture(entry))
        else:
            pictures.append(entry)
    for path in pictures:
        if path.suffix.lower() in ANIMATIONS:
            name = f'{prefix}{path.name} beyond its first image'
            left_out.add(name, 'an animation counts as one picture', pictures=0)
    return pictures


def _reason(path: Path) -> str:
    """Say why a file is no picture that can be used; empty if it may be one."""
    if path.name.startswith('.'):
        return 'hidden files are not read'
    if path.is_symlink() and not path.exists():
        return 'the link leads nowhere'
    suffix = path.suffix.lower()
    if suffix not in PHOTO_SUFFIXES:
        return REASONS.get(suffix, NO_PICTURE)
    return '' if path.is_file() else 'it is no regular file'


def _is_empty(folder: Path) -> bool:
    try:
        return not any(folder.iterdir())
    except OSError:
        return False


def _is_picture(path: Path) -> bool:
    """Say whether somebody would call a file a picture, by its name, or link to pictures."""
    suffix = path.suffix.lower()
    known = suffix in PHOTO_SUFFIXES or suffix in REASONS or path.is_symlink()
    return known and path.name[0] != '.'


def _count_pictures(folder: Path) -> int:
    """Count the pictures in a folder and its subfolders, up to a limit."""
    count = seen = 0
    for _, _, files in os.walk(folder):
        count += sum(_is_picture(Path(name)) for name in files)
        seen += len(files)
        if seen > MAX_COUNTED:
            break
    return count


def _counted(count: int) -> str:
    return '1 picture' if count == 1 else f'{count} pictures'
