"""
Record which functions of a package call each other, and follow the calls from file to file.

Only functions of the package count; a function that a library calls is called by the function that
called the library. The calls of the main thread come first, then those of each other thread. The
same call again, by the same function, does not count, so that a loop counts as much as one pass.

*Files* are those in which a function runs. A *return* is a call from file A into another file B
that was entered before; each pair (A, B) counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import contextlib
from dataclasses import dataclass, field
import inspect
from pathlib import Path
import sys
import threading
from types import CodeType, FrameType
from typing import Any, NamedTuple


class Function(NamedTuple):
    """
    A function of the package.

    :ivar file: its file, relative to the package
    :ivar line: its first line, since methods of two classes may share a name
    :ivar name: its name
    """

    file: str
    line: int
    name: str


class Call(NamedTuple):
    """
    A call of a function of the package.

    :ivar caller: the nearest caller in the package, or None
    :ivar function: what is called
    """

    caller: Function | None
    function: Function


@dataclass
class Route:
    """
    The way of a unit of work through the files.

    :ivar files: in the order in which they were entered
    :ivar returns: the first call of each pair of files that is a return
    """

    files: list[str] = field(default_factory=list)
    returns: dict[tuple[str, str], Call] = field(default_factory=dict)

    @classmethod
    def of(cls, calls: Iterable[Call]) -> Route:
        """Follow distinct calls in their order."""
        route = cls()
        for call in calls:
            source = call.caller.file if call.caller else ''
            # A function that was already running when recording began has entered its file too.
            if source and source not in route.files:
                route.files.append(source)
            if call.function.file not in route.files:
                route.files.append(call.function.file)
            elif source != call.function.file:
                route.returns.setdefault((source, call.function.file), call)
        return route


class Recorder:
    """
    A profile function that records distinct calls in any thread.

    :param package: folder whose functions are recorded
    """

    def __init__(self, package: Path) -> None:
        self._prefix = f'{package}/'
        # An ordered set for each thread.
        self._calls: dict[int, dict[Call, None]] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Take an event of the interpreter."""
        # Only functions have this flag; the bodies of modules and classes run once, on import.
        if event == 'call' and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
            function = self.function_of(frame.f_code)
            if function is not None:
                calls = self._calls.setdefault(threading.get_ident(), {})
                calls.setdefault(Call(self._caller_of(frame), function))

    def calls(self) -> list[Call]:
        """List the distinct calls, those of the main thread first."""
        main = threading.main_thread().ident
        threads = sorted(self._calls, key=lambda thread: thread != main)
        return list(dict.fromkeys(call for thread in threads for call in self._calls[thread]))

    def function_of(self, code: CodeType) -> Function | None:
        """Name a function of the package; None for code outside the package."""
        path = code.co_filename
        if not path.startswith(self._prefix):
            return None
        return Function(path[len(self._prefix) :], code.co_firstlineno, code.co_name)

    def _caller_of(self, frame: FrameType) -> Function | None:
        back = frame.f_back
        while back is not None:
            function = self.function_of(back.f_code)
            if function is not None:
                return function
            back = back.f_back
        return None


class MessageRecorder(Recorder):
    """
    Record the calls between a message's arrival and the publication of its result.

    In the thread that receives the message, recording begins with the first function of the
    package that is handed the message, and ends when that function returns. In every other thread
    it ends with the first function outside the package that is handed the result.

    :ivar armed: whether the next message is followed
    """

    def __init__(self, package: Path, message_type: type, result_type: type) -> None:
        super().__init__(package)
        self._types = message_type, result_type
        self._callback: FrameType | None = None
        self._finished: set[int] = set()
        self.armed = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Take an event of the interpreter."""
        thread = threading.get_ident()
        called, ours = event == 'call', self.function_of(frame.f_code) is not None
        if self.armed and called and ours and _holds(frame, self._types[0]):
            self.armed, self._callback = False, frame
        if self._callback is None or thread in self._finished:
            return
        received = event == 'return' and frame is self._callback
        published = called and not ours and _holds(frame, self._types[1])
        if received or published:
            self._finished.add(thread)
        else:
            super().__call__(frame, event, argument)


def _holds(frame: FrameType, kind: type) -> bool:
    return any(isinstance(value, kind) for value in frame.f_locals.values())


@contextlib.contextmanager
def profiled(recorder: Recorder) -> Iterator[None]:
    """Let a recorder follow this thread and those that are started meanwhile."""
    threading.setprofile(recorder)
    sys.setprofile(recorder)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
