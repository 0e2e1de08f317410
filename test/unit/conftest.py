"""What makes a test of files that must survive everything: ends at every moment, full disks."""

import contextlib
import os
import resource
import signal
import sys

import pytest

# What changes a file system, as Python announces it before it does it.
CHANGES = ('os.chmod', 'os.mkdir', 'os.remove', 'os.rename', 'os.rmdir', 'os.symlink')


def is_change(event, arguments):
    if event == 'open':
        return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in CHANGES


def run_and_die(action, operations):
    """Run in a process of its own, let it change files so many times, then kill it; say if."""
    child = os.fork()
    if child == 0:

        def count(event, arguments):
            nonlocal operations
            if is_change(event, arguments):
                operations -= 1
                if operations < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            action()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.fixture
def killed_everywhere():
    """Kill an action before its first change of a file, its second, and so on to its end."""

    def kill(prepare, action):
        operations = 0
        while True:
            prepared = prepare(operations)
            killed = run_and_die(lambda given=prepared: action(given), operations)
            yield prepared, killed
            if not killed:
                assert operations > 2  # else the changes were not seen
                return
            operations += 1

    return kill


@pytest.fixture
def largest_file():
    """Let no file become larger than so many bytes, as on a disk that is full."""

    @contextlib.contextmanager
    def limited(size_bytes):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited
