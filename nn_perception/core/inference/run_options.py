"""How a network is run; imports nothing heavy, so that command-line parsers start at once."""

from __future__ import annotations

from dataclasses import dataclass

ENGINES = ('auto', 'onnxruntime', 'torch')
DEVICES = ('auto', 'cpu', 'cuda')
MAX_THREADS = 256


@dataclass(frozen=True)
class RunOptions:
    """
    How a network is run.

    ``auto`` uses torch where there is a CUDA device, and ONNX Runtime on a CPU. What is
    unavailable is replaced by the CPU, with a warning.

    :param engine: one of :data:`ENGINES`
    :param device: one of :data:`DEVICES`
    :param threads: number of threads on a CPU, 0 to 256; 0: as many as there are usable cores, at
        most four, since a small network gains nothing from more and other processes need them
    :param streams: how many images of a batch ONNX Runtime processes in parallel when it would
        not keep up otherwise, at least 1 and at most as many as there are threads, which they
        share; other engines process a batch as a whole
    :raises ValueError: if a value is not one of these
    """

    engine: str = 'auto'
    device: str = 'auto'
    threads: int = 0
    streams: int = 1

    def __post_init__(self) -> None:
        """Check the values."""
        if self.engine not in ENGINES:
            raise ValueError(f'engine must be one of {", ".join(ENGINES)}, got {self.engine!r}')
        if self.device not in DEVICES:
            raise ValueError(f'device must be one of {", ".join(DEVICES)}, got {self.device!r}')
        if not 0 <= self.threads <= MAX_THREADS:
            raise ValueError(f'threads must be 0 (automatic) to {MAX_THREADS}, got {self.threads}')
        if self.streams < 1:
            raise ValueError(f'streams must be at least 1, got {self.streams}')


DEFAULT_RUN_OPTIONS = RunOptions()
