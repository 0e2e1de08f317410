"""What the verbs that process files one after the other share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
import json
import os
from pathlib import Path
from typing import Any, Generic, TypeVar

from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.progress import show_progress
from nn_perception.core.files.natural_order import natural_order
from nn_perception.core.standard_streams import write_error, write_output

R = TypeVar('R')


@dataclass(frozen=True)
class InputFile:
    """
    A file to process.

    :param path: as it is printed
    :param error: why there is nothing to process, empty if there is
    """

    path: str
    error: str = ''


@dataclass(frozen=True)
class FileKind:
    """
    The files that are looked for in folders.

    :param name: what they are, in the plural
    :param suffixes: of their names, in lower case
    :param unsupported: suffixes of such files that cannot be read; they are taken, to say so
    """

    name: str
    suffixes: frozenset[str]
    unsupported: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FileVerb(Generic[R]):
    """
    What a verb does with a file, and how it prints the result.

    :param process: takes the file's path; OSError, ValueError or RuntimeError says why there is no
        result
    :param as_fields: gives the fields of the JSON object, without the file's name
    :param as_text: gives the indented lines below the file's name
    """

    process: Callable[[str], R]
    as_fields: Callable[[R], dict[str, Any]]
    as_text: Callable[[R], str]


def add_file_arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """
    Add the files, and how the results are printed.

    :param name: what the files are, in the plural
    """
    parser.add_argument(
        'files',
        nargs='+',
        metavar='FILE',
        help=f'{name}, or folders: all {name} in them and in their subfolders',
    )
    parser.add_argument(
        '--json', action='store_true', help='print one JSON object per line and nothing else'
    )


def find_files(
    paths: Iterable[str], kind: FileKind, leave_out: Path | None = None
) -> list[InputFile]:
    """
    Replace folders by the files in them and in their subfolders, sorted by path.

    Hidden files and folders are left out, and so are files whose names do not end as those of the
    kind.

    :param paths: files and folders; files are taken as they are
    :param leave_out: a folder below the given ones whose files are not wanted
    :returns: files in the order of ``paths``; a folder without any, or that cannot be read, is an
        entry with an error
    """
    files: list[InputFile] = []
    for path in paths:
        if os.path.isdir(path):
            files += _in_folder(path, kind, leave_out)
        else:
            files.append(InputFile(path))
    return files


def _in_folder(root: str, kind: FileKind, leave_out: Path | None) -> list[InputFile]:
    unwanted = leave_out.resolve() if leave_out else None
    suffixes = kind.suffixes | kind.unsupported
    problems: list[OSError] = []
    found: list[Path] = []
    for folder, subfolders, names in os.walk(root, onerror=problems.append):
        subfolders[:] = [
            name
            for name in subfolders
            if name[0] != '.' and Path(folder, name).resolve() != unwanted
        ]
        found += [
            Path(folder, name)
            for name in names
            if name[0] != '.' and Path(name).suffix.lower() in suffixes
        ]
    files = [InputFile(str(path)) for path in sorted(found, key=natural_order)]
    files += [
        InputFile(str(error.filename), f'{error.filename} cannot be read: {error.strerror}')
        for error in problems
    ]
    readable = ', '.join(sorted(kind.suffixes))
    return files or [InputFile(root, f'{root} contains no {kind.name} ({readable})')]


def process_files(files: Sequence[InputFile], verb: FileVerb[R], *, as_json: bool) -> ExitStatus:
    """
    Process files one after the other, and print the result of each.

    A file that cannot be read does not stop the others.

    :param as_json: print one JSON object per line, errors too
    :returns: the exit status
    """
    failed = False
    for file, result in _results(show_progress(files), verb):
        failed = failed or result is None
        if as_json:
            fields = {'error': file.error} if result is None else verb.as_fields(result)
            write_output(json.dumps({'file': file.path, **fields}) + '\n')
        elif result is None:
            write_error(f'{file.error}\n')
        else:
            write_output(f'{file.path}\n{verb.as_text(result)}')
    return ExitStatus.FAILED if failed else ExitStatus.OK


def _results(
    files: Iterable[InputFile], verb: FileVerb[R]
) -> Iterator[tuple[InputFile, R | None]]:
    """Yield each file with its result, or with the error and None."""
    for file in files:
        if file.error:
            yield file, None
            continue
        try:
            yield file, verb.process(file.path)
        except (OSError, ValueError, RuntimeError) as error:
            yield InputFile(file.path, str(error)), None
        except MemoryError:
            reason = f'{file.path} needs more memory than is available'
            yield InputFile(file.path, reason), None
