"""
Labelled frames, or clips of sound, on disk, for the one process that changes them.

Every change is on the disk when its call returns. The order of the steps is such that an end at
any moment, even a power cut, costs at most the frame that was being stored: first the picture
under a temporary name, then its final name, then its line in the manifest. Opening it repairs
what was left unfinished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
import hashlib

from nn_perception.core.audio.samples import check_samples, Samples, WINDOW_SAMPLES
from nn_perception.core.audio.sound_files import encode_wav
from nn_perception.core.files.locks import lock
from nn_perception.core.files.names import checked_label
from nn_perception.core.imaging.image_files import encode_png
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.training.datasets.dataset_files import (
    remove_pictures,
    rename_label_folder,
    store_frame,
    write_manifest,
)
from nn_perception.training.datasets.labelled_frames import distinct_label, LabelledFrame, LOCK
from nn_perception.training.datasets.media.clips import checked_recording, clip_parts, SOUNDS
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.datasets.writable_folder import WritableFolder


class QuotaError(OSError):
    """A frame does not fit into the quota of its dataset."""


class Dataset(WritableFolder):
    """
    A dataset that is open for writing, see :meth:`open`; threads may share it.

    Changes wait for each other; reading the frames and their counts never waits for the disk.
    """

    def check_medium(self, medium: Medium) -> None:
        """
        Check what the dataset holds.

        :raises ValueError: if it is something else
        """
        if medium is not self.medium:
            kinds = self.medium.words.files, medium.words.files
            raise ValueError('the dataset {} holds {}, no {}'.format(self.name, *kinds))

    def add(self, image_bgr: Image, label: str, stamp_ns: int, topic: str = '') -> LabelledFrame:
        """
        Store a frame; once this returns, a power cut does not lose it.

        :param image_bgr: uint8, ``(H, W, 3)``, blue first
        :param label: what the frame shows
        :param stamp_ns: capture time in nanoseconds; 0 if unknown
        :param topic: topic that the frame came from
        :raises ValueError: if the label is not allowed, or differs from an existing one in
            capitals only; or if image or stamp are invalid, or the dataset holds sounds
        :raises QuotaError: if the dataset is full
        :raises OSError: if the frame cannot be written, for example because the disk is full;
            frames that are already stored stay as they are
        """
        self.check_medium(IMAGES)
        return self.add_encoded(encode_png(image_bgr), label, stamp_ns, topic)

    def add_clip(
        self, samples: Samples, label: str, stamp_ns: int, topic: str = '', recording: str = ''
    ) -> LabelledFrame:
        """
        Store a clip; errors and promises are those of :meth:`add`.

        :param samples: one second, float32, ``(WINDOW_SAMPLES,)``, from -1 to 1, at 16 kHz
        :param label: what is heard
        :param stamp_ns: capture time of the first sample in nanoseconds; 0 if unknown
        :param recording: which recording, or speaker, it is from; clips of one are never both
            trained on and held out. Empty: it is a recording of its own
        """
        self.check_medium(SOUNDS)
        check_samples(samples, WINDOW_SAMPLES)
        return self.add_encoded(encode_wav(samples), label, stamp_ns, topic, recording)

    def add_sound(
        self, samples: Samples, label: str, stamp_ns: int, topic: str = '', recording: str = ''
    ) -> list[LabelledFrame]:
        """
        Cut a sound into clips (:mod:`nn_perception.training.datasets.media.clips`), store them.

        :param samples: a tenth of a second or more; the rest is as in :meth:`add_clip`
        :returns: the clips; the earlier ones are stored if a later one cannot be
        """
        self.check_medium(SOUNDS)
        frames = []
        for part in clip_parts([samples], recording):
            start_ns = stamp_ns + part.offset_ns if stamp_ns else 0
            given = label, start_ns, topic, part.recording
            frames.append(self.add_encoded(part.content, *given))
        return frames

    def add_encoded(
        self, content: bytes, label: str, stamp_ns: int, topic: str = '', recording: str = ''
    ) -> LabelledFrame:
        """
        Store a frame or clip that is already encoded; see :meth:`add` and :meth:`add_clip`.

        :param content: of the file that is stored: PNG or WAV, as the methods above write it
        """
        if stamp_ns < 0:
            raise ValueError(f'a stamp must be 0 or more nanoseconds, got {stamp_ns}')
        with self._changing(f'the {self.medium.words.item} is not stored'):
            name = f'{stamp_ns}_{self._next_number}{self.medium.stored_suffix}'
            path = self.folder / distinct_label(label, self.counts()) / name
            sha256 = hashlib.sha256(content).hexdigest()
            given = stamp_ns, topic, sha256, checked_recording(recording)
            return self._store(LabelledFrame(path, path.parent.name, *given), content)

    def delete(self, label: str, *, newest_only: bool = False) -> int:
        """
        Delete the frames of a label, or only the one that was stored last.

        If the process ends halfway, the frames that are not deleted yet stay.

        :returns: number of deleted frames
        :raises ValueError: if the label has no frames
        :raises OSError: if the frames cannot be deleted
        """
        with self._changing(f'not all {self.medium.words.items} are deleted'):
            frames = self.index.of_label(checked_label(label))
            return self._remove(frames[-1:] if newest_only else frames)

    def delete_frames(self, frame_ids: Sequence[str], label: str = '') -> int:
        """
        Delete the given frames.

        If the process ends halfway, the frames that are not deleted yet stay.

        :param frame_ids: see :attr:`LabelledFrame.id`
        :param label: that all of them must have; empty: any
        :returns: number of deleted frames
        :raises ValueError: if there is no such frame, or one has another label; nothing is deleted
        :raises OSError: if the frames cannot be deleted
        """
        with self._changing(f'not all {self.medium.words.items} are deleted'):
            label = checked_label(label) if label else ''
            frames = [self.index.by_id(frame_id) for frame_id in dict.fromkeys(frame_ids)]
            for frame in frames:
                if label and frame.label != label:
                    item = self.medium.words.item
                    raise ValueError(f'the {item} {frame.id} has another label than {label}')
            return self._remove(frames)

    def check_rename(self, label: str, new_label: str) -> tuple[str, str]:
        """
        Check that a label can be renamed.

        :returns: both labels in their normal form
        :raises ValueError: see :meth:`rename_label`
        """
        old = self.index.of_label(checked_label(label))[0].label
        new = distinct_label(new_label, [other for other in self.counts() if other != old])
        target = self.folder / new
        # A file system that ignores case finds the old folder under the new name.
        if target.exists() and (new == old or not target.samefile(self.folder / old)):
            raise ValueError(f'the label {new} already exists')
        return old, new

    def rename_label(self, label: str, new_label: str) -> int:
        """
        Give the frames of a label another one.

        :param new_label: a label that does not exist yet
        :returns: number of frames
        :raises ValueError: if ``label`` has no frames, or ``new_label`` is not allowed or exists
        :raises OSError: if the folder cannot be renamed
        """
        with self._changing(f'some {self.medium.words.items} may still have the old label'):
            old, new = self.check_rename(label, new_label)
            target, before = self.folder / new, self.frames()
            renamed = [
                replace(f, path=target / f.path.name, label=new) if f.label == old else f
                for f in before
            ]
            with lock(self.folder / LOCK):
                rename_label_folder(self.folder / old, target, before, renamed)
                self.index.replace_all(renamed)
                write_manifest(self.folder, renamed)
            return self.counts()[new]

    def _store(self, frame: LabelledFrame, content: bytes) -> LabelledFrame:
        used = self.size_bytes
        if self.quota_bytes and used + len(content) > self.quota_bytes:
            raise QuotaError(
                f'the dataset {self.name} is full: {used} of {self.quota_bytes} bytes are used, '
                f'and the {self.medium.words.item} needs {len(content)}'
            )
        store_frame(self.folder, frame, content)
        self._next_number += 1
        self.index.add(frame, len(content))
        return frame

    def _remove(self, frames: Sequence[LabelledFrame]) -> int:
        """Remove pictures, then their lines; return how many."""
        with lock(self.folder / LOCK):
            try:
                remove_pictures(frames, self.index.remove)
            finally:
                write_manifest(self.folder, self.frames())
        return len(frames)
