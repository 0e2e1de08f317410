"""What the tests of the verbs share."""

from __future__ import annotations

from collections.abc import Callable

from nn_perception.cli.main import main
import pytest


@pytest.fixture
def wrong_use(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command in this process, expect status 2, and return the last line of errors."""

    def run(*words: object) -> str:
        try:
            status: object = main([str(word) for word in words])
        except SystemExit as error:
            status = error.code
        output, errors = capsys.readouterr()
        assert status == 2
        assert output == ''
        return errors.splitlines()[-1]

    return run
