#!/usr/bin/env python3
"""
Record what the ``nn_perception`` command prints, to compare two versions of the code.

A change that must not alter results is recorded before and after, and the two folders are
compared with ``diff -r``::

    python tools/record_outputs.py DATA before --package-root OLD_CHECKOUT
    python tools/record_outputs.py DATA after
    diff -r before after

``tag``, ``digits`` and ``pose`` (both presets) run over every picture below the data folder and
``bag`` runs over every bag in its folder ``bags``. The records hold no absolute path, no time of
day and no version, so that they are equal byte by byte when the results are.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
import hashlib
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Any

PICTURE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png')
# The file each record goes to, and the verb with the options that fill it.
PICTURE_RUNS = {
    'tag': ('tag', '--json'),
    'digits': ('digits', '--json'),
    'pose_fast': ('pose', '--json', '--preset', 'fast'),
    'pose_accurate': ('pose', '--json', '--preset', 'accurate'),
}
BAG_OUTPUTS = ('--tags', '--digits', '--poses')
# The command exits with 1 when some of the files failed; the record then holds their errors.
USABLE_STATUSES = (0, 1)


def find_pictures(data: Path) -> list[str]:
    """
    List the pictures below a folder.

    :param data: the folder that is searched
    :returns: sorted POSIX paths relative to the folder
    """
    return sorted(
        path.relative_to(data).as_posix()
        for path in data.rglob('*')
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
    )


def find_bags(data: Path) -> list[str]:
    """
    List the bags in the folder ``bags`` of a data folder.

    :param data: the data folder
    :returns: sorted POSIX paths relative to the data folder
    """
    return sorted(
        path.parent.relative_to(data).as_posix() for path in data.glob('bags/*/metadata.yaml')
    )


def run_command(arguments: Sequence[str], data: Path, package_root: Path | None) -> bytes:
    """
    Run the ``nn_perception`` command in the data folder.

    :param arguments: the verb and its arguments
    :param data: the working directory, so that paths in the output are relative to it
    :param package_root: the folder that holds the package, or None to use the installed one
    :returns: what the command wrote to standard output
    :raises RuntimeError: if the command could not do its work
    """
    environment = dict(os.environ)
    if package_root is not None:
        paths = [str(package_root), *filter(None, [environment.get('PYTHONPATH')])]
        environment['PYTHONPATH'] = os.pathsep.join(paths)
    command = [sys.executable, '-m', 'nn_perception.cli', *arguments]
    done = subprocess.run(command, cwd=data, env=environment, stdout=subprocess.PIPE)
    if done.returncode not in USABLE_STATUSES:
        raise RuntimeError(f'{arguments[0]} ended with status {done.returncode}')
    return done.stdout


def record_bag(bag: str, data: Path, package_root: Path | None) -> Iterator[dict[str, Any]]:
    """
    Annotate a bag into a temporary folder and list what the new bag holds.

    :param bag: the bag's path relative to the data folder
    :param data: the working directory of the command
    :param package_root: the folder that holds the package, or None to use the installed one
    :returns: the summary without the new bag's path, then one object a topic, then one a message
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / 'annotated'
        words = ('bag', bag, str(output), '--json', *BAG_OUTPUTS)
        summary = json.loads(run_command(words, data, package_root))
        del summary['bag']
        yield {'summary': summary}
        yield from read_bag(output)


def read_bag(folder: Path) -> Iterator[dict[str, Any]]:
    """
    List the topics and the messages of a bag.

    :param folder: the bag
    :returns: one object a topic, in alphabetical order, then one object a message, in the order of
        the bag
    """
    from rosbags.rosbag2 import Reader

    with Reader(folder) as reader:
        for connection in sorted(reader.connections, key=lambda entry: entry.topic):
            yield {
                'topic': connection.topic,
                'type': connection.msgtype,
                'type_hash': connection.digest,
                'count': connection.msgcount,
            }
        for connection, timestamp_ns, content in reader.messages():
            yield {
                'topic': connection.topic,
                'type': connection.msgtype,
                'timestamp_ns': timestamp_ns,
                'sha256': hashlib.sha256(content).hexdigest(),
            }


def record(data: Path, output: Path, package_root: Path | None) -> None:
    """
    Run every verb and write the records.

    :param data: the folder with pictures and bags
    :param output: the folder for the records, which must not exist
    :param package_root: the folder that holds the package, or None to use the installed one
    :raises FileExistsError: if the output folder exists: stale records would be compared too
    :raises FileNotFoundError: if the data folder holds neither pictures nor bags
    :raises RuntimeError: if a verb could not do its work
    """
    pictures, bags = find_pictures(data), find_bags(data)
    if not pictures and not bags:
        raise FileNotFoundError(f'neither pictures nor bags in {data}')
    output.mkdir(parents=True)
    for name, words in PICTURE_RUNS.items() if pictures else ():
        print(f'{name}: {len(pictures)} pictures', file=sys.stderr, flush=True)
        content = run_command([*words, *pictures], data, package_root)
        (output / f'{name}.jsonl').write_bytes(content)
    for bag in bags:
        print(bag, file=sys.stderr, flush=True)
        lines = [json.dumps(entry) + '\n' for entry in record_bag(bag, data, package_root)]
        path = output / f'bag_{Path(bag).name}.jsonl'
        path.write_text(''.join(lines), encoding='utf-8')


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and record; status 2 if that is not possible."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').strip().splitlines()[0])
    parser.add_argument('data', type=Path, help='folder with pictures, and bags in DATA/bags')
    parser.add_argument('output', type=Path, help='folder for the records; it must not exist')
    parser.add_argument(
        '--package-root',
        type=Path,
        metavar='DIR',
        help='checkout whose nn_perception runs (default: the one that Python imports)',
    )
    args = parser.parse_args(arguments)
    package_root = args.package_root.resolve() if args.package_root else None
    if package_root is not None and not (package_root / 'nn_perception').is_dir():
        parser.error(f'no folder nn_perception in {package_root}')
    try:
        record(args.data.resolve(), args.output.resolve(), package_root)
    except (OSError, RuntimeError) as error:
        print(f'record_outputs: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
