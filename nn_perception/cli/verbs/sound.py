"""``nn_perception sound``: say what recordings hold, by time."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from nn_perception.capabilities.json_fields import event_fields
from nn_perception.capabilities.sounds.defaults import DEFAULT_SOUND_MODEL, SOUND_MIN_SCORE
from nn_perception.cli.arguments import (
    add_engine_arguments,
    add_store_argument,
    probability,
    run_options,
)
from nn_perception.cli.console import fail, report
from nn_perception.cli.files import (
    add_file_arguments,
    FileKind,
    FileVerb,
    find_files,
    process_files,
)
from nn_perception.cli.progress import MIN_ITEMS, ProgressBar
from nn_perception.core.audio.sound_kinds import SOUND_SUFFIXES, UNSUPPORTED_SUFFIXES
from nn_perception.core.command_name import command_name

if TYPE_CHECKING:
    from nn_perception.capabilities.sounds.pipeline import SoundPipeline
    from nn_perception.core.audio.samples import SoundWindow
    from nn_perception.core.audio.sound_files import OpenSound
    from nn_perception.core.results import SoundEvent, Tag

SOUNDS = FileKind('sound files', SOUND_SUFFIXES, UNSUPPORTED_SUFFIXES)
# So many windows run through the network at a time.
BATCH = 16
# A shorter sound is done before a bar would help.
LONG_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_file_arguments(parser, SOUNDS.name)
    parser.add_argument(
        '--model',
        default=DEFAULT_SOUND_MODEL,
        help=f"a name from '{command_name()} models', the path of a checkpoint, or store:NAME for "
        'the active version of a fine-tuned model (default: %(default)s)',
    )
    add_store_argument(parser)
    parser.add_argument(
        '--min-score',
        type=probability,
        default=SOUND_MIN_SCORE,
        metavar='S',
        help='drop tags with a lower score, 0 to 1 (default: %(default)s)',
    )
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Say what the sounds hold."""
    from nn_perception.capabilities.sounds.events import events_of
    from nn_perception.capabilities.sounds.pipeline import SoundOptions, SoundPipeline
    from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
    from nn_perception.capabilities.sounds.voice_detector import VoiceDetector
    from nn_perception.core.audio.sound_files import open_sound
    from nn_perception.training.model_store.store import active_checkpoint

    try:
        model = active_checkpoint(args.model, args.store)
        tagger, voice = SoundTagger.open(model, run_options(args)), VoiceDetector.open()
    except (OSError, ValueError, RuntimeError) as error:
        return fail('sound', error)
    pipeline = SoundPipeline(tagger, SoundOptions(top_k=1), voice)
    files = find_files(args.files, SOUNDS)
    bar = ProgressBar() if len(files) < MIN_ITEMS else None

    def hear(file: str) -> list[SoundEvent]:
        with open_sound(file) as sound:
            windows = _shown(_windows_of(sound, file), sound, bar)
            events = list(events_of(_best_tags(pipeline, windows), args.min_score))
            pipeline.forget(file)
            if sound.problem:
                report('sound', sound.problem)
        if not events and not sound.read_s:
            raise ValueError(sound.problem or f'{file} contains no sound')
        return events

    return process_files(files, FileVerb(hear, event_fields, _text), as_json=args.json)


def _windows_of(sound: OpenSound, file: str) -> Iterator[SoundWindow]:
    """Cut a sound that is being read into windows."""
    from nn_perception.capabilities.sounds.windows import WindowBuffer

    buffer = WindowBuffer(source=file)
    for samples in sound.samples():
        yield from buffer.add(samples)
    yield from buffer.finish()


def _best_tags(
    pipeline: SoundPipeline, windows: Iterable[SoundWindow]
) -> Iterator[tuple[float, Tag | None]]:
    """Tag windows batch by batch, and give the end and the best tag of each."""
    windows = iter(windows)
    while batch := list(islice(windows, BATCH)):
        for window, result in zip(batch, pipeline.process(batch), strict=True):
            yield window.stamp_s, result.tags[0] if result.tags else None


def _shown(
    windows: Iterable[SoundWindow], sound: OpenSound, bar: ProgressBar | None
) -> Iterator[SoundWindow]:
    """Show how much of a long sound is done."""
    total_s = sound.duration_s or 0.0
    try:
        for window in windows:
            if bar is not None and total_s >= LONG_S:
                bar.show(
                    f'{window.stamp_s:.0f} of {total_s:.0f} s',
                    round(window.stamp_s),
                    round(total_s),
                )
            yield window
    finally:
        if bar is not None:
            bar.clear()


def _text(events: list[SoundEvent]) -> str:
    lines = [
        f'  {event.start_s:8.2f} to {event.end_s:8.2f} s  {event.score:.3f}  {event.label}\n'
        for event in events
    ]
    return ''.join(lines) or '  no tag reaches the minimum score\n'
