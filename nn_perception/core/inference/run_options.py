"""How a network is run; imports no libraries, so that command-line parsers start at once."""

from __future__ import annotations

from dataclasses import dataclass

ENGINES = ('auto', 'onnxruntime', 'torch')
DEVICES = ('auto', 'cpu', 'cuda')
MAX_THREADS = 256


@dataclass(frozen=True)
class RunOptions:
    """
    How a network is run.

    ``auto`` selects torch if there is a CUDA device, else ONNX Runtime on the CPU. If the device
    is unavailable, the network runs on the CPU, with a warning.

    :param engine: one of :data:`ENGINES`
    :param device: one of :data:`DEVICES`
    :param threads: number of CPU threads, 0 to 256; 0: one for each usable core, but at most four,
        because a small network gains nothing from more and other processes need them
    :param parallel_batches: number of parts, at least 1, into which ONNX Runtime splits a batch to
        run them in parallel when one part at a time cannot keep up; the parts share the threads.
        Other engines run a batch as a whole
    :param keep_buffers: whether ONNX Runtime keeps the buffers of a run for the next one, which is
        a little quicker and takes about 20 MB for each network
    :raises ValueError: if a value is out of range
    """

    engine: str = 'auto'
    device: str = 'auto'
    threads: int = 0
    parallel_batches: int = 1
    keep_buffers: bool = True

    def __post_init__(self) -> None:
        """Check the values."""
        if self.engine not in ENGINES:
            raise ValueError(f'engine must be one of {", ".join(ENGINES)}, got {self.engine!r}')
        if self.device not in DEVICES:
            raise ValueError(f'device must be one of {", ".join(DEVICES)}, got {self.device!r}')
        if not 0 <= self.threads <= MAX_THREADS:
            raise ValueError(f'threads must be 0 (automatic) to {MAX_THREADS}, got {self.threads}')
        if self.parallel_batches < 1:
            raise ValueError(f'parallel_batches must be at least 1, got {self.parallel_batches}')


DEFAULT_RUN_OPTIONS = RunOptions()
