"""How often something may happen."""

from __future__ import annotations

from nn_perception.studio.access.limits import rates
from nn_perception.studio.access.limits.rates import Bucket, ClientBuckets, MAX_CLIENTS
import pytest


class Clock:
    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(rates, 'time', made)
    return made


def test_a_bucket_gives_a_burst_and_then_a_rate(clock: Clock) -> None:
    bucket = Bucket(3, 2.0)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.now_s += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    clock.now_s += 1000
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_clients_do_not_take_from_each_other(clock: Clock) -> None:
    buckets = ClientBuckets(2, 1.0, share=2)
    assert [buckets.take('a') for _ in range(3)] == [True, True, False]
    assert buckets.take('b')
    assert buckets.empty('a')
    assert not buckets.empty('b')


def test_all_clients_together_are_limited(clock: Clock) -> None:
    buckets = ClientBuckets(2, 1.0, share=2)
    assert sum(buckets.take(str(number)) for number in range(100)) == 4
    assert buckets.empty('new')


def test_few_clients_are_remembered(clock: Clock) -> None:
    buckets = ClientBuckets(2, 1.0, share=10**6)
    for number in range(3 * MAX_CLIENTS):
        buckets.take(str(number))
    assert len(buckets._clients) == MAX_CLIENTS


@pytest.mark.parametrize(
    ('client', 'network'),
    [
        ('10.0.0.1', '10.0.0.1'),
        ('::ffff:10.0.0.1', '10.0.0.1'),
        ('2001:db8:1:2:3::4', '2001:db8:1:2::/64'),
        ('fe80::1%eth0', 'fe80::/64'),
        ('unknown', 'unknown'),
    ],
)
def test_a_network_of_ipv6_is_one_client(head, client: str, network: str) -> None:
    assert head(client=client).network == network
