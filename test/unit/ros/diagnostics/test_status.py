"""The state of something."""

from nn_perception.ros.diagnostics.status import not_active, Status


def test_values_are_added() -> None:
    status = Status('ok', 'fine', {'a': 1}).with_values({'b': 2})
    assert status == Status('ok', 'fine', {'a': 1, 'b': 2})


def test_a_node_is_activated_by_commands_as_they_are_written() -> None:
    configure, activate = (
        f'ros2 lifecycle set /tagger {step}' for step in ('configure', 'activate')
    )
    assert not_active('/tagger', 'unconfigured').message.endswith(f'run {configure} && {activate}')
    assert not_active('/tagger', 'inactive').message.endswith(f'run {activate}')
