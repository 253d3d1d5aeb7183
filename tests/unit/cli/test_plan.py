from __future__ import annotations

import itertools

import pytest

from cli.plan import GIVE_UP_AFTER, Member, Restarts, hopeless, how_it_ended, parse_workers, plan_members
from shared.errors import Misconfigured
from shared.settings import Settings


def plan(**workers: int) -> list[Member]:
    ports = itertools.count(30_000)
    return plan_members(Settings(), workers, lambda: next(ports))


def test_one_of_each_front_to_back_on_the_ports_of_the_settings():
    assert [(one.label, one.port) for one in plan()] == [
        ("ingestion", 8001),
        ("normalization", 8102),
        ("indexing", 8103),
        ("search", 8000),
    ]
    assert all(not one.environment for one in plan())


def test_replicas_of_a_worker_get_an_admin_port_each():
    workers = [one for one in plan(normalization=3) if one.service == "normalization"]
    assert [one.label for one in workers] == ["normalization", "normalization-2", "normalization-3"]
    assert [one.port for one in workers] == [8102, 30_000, 30_001]
    assert workers[0].environment == {}
    assert workers[1].environment == {"NEWSWIRE_NORMALIZATION__PORT": "30000"}


@pytest.mark.parametrize("service", ["ingestion", "search"])
def test_replicas_of_an_http_service_share_its_port(service):
    members = [one for one in plan(**{service: 2}) if one.service == service]
    assert len({one.port for one in members}) == 1
    assert all(one.environment == {f"NEWSWIRE_{service.upper()}__REUSE_PORT": "true"} for one in members)


def test_the_variables_of_the_plan_are_settings():
    from shared.settings import known_variables

    members = plan(ingestion=2, normalization=2, indexing=2, search=2)
    assert {name for one in members for name in one.environment} <= known_variables()


def test_workers_are_read():
    assert parse_workers(["normalization=2", "indexing=4"]) == {"normalization": 2, "indexing": 4}
    assert parse_workers([]) == {}


@pytest.mark.parametrize(
    "value", ["normalization", "normalization=", "normalization=0", "normalization=33", "indexing=²", "kafka=2", "=2"]
)
def test_workers_that_make_no_sense_are_refused(value):
    with pytest.raises(Misconfigured, match="--workers"):
        parse_workers([value])


def test_restarts_wait_longer_each_time_up_to_a_limit():
    restarts = Restarts()
    assert [restarts.delay(0.1) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_calm_minute_starts_over():
    restarts = Restarts()
    restarts.delay(0.1)
    restarts.delay(0.1)
    assert restarts.delay(61) == 1


def test_a_service_that_never_was_ready_is_given_up_and_one_that_was_is_not():
    restarts = Restarts()
    for _ in range(GIVE_UP_AFTER - 1):
        restarts.delay(1)
    assert not hopeless(restarts, ready_once=False)
    restarts.delay(1)
    assert hopeless(restarts, ready_once=False)
    assert not hopeless(restarts, ready_once=True)


def test_ends_in_words():
    assert how_it_ended(-9) == "was killed by signal 9"
    assert how_it_ended(1) == "ended with code 1"


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:1"), ("::1", "http://[::1]:1"), ("10.0.0.7", "http://10.0.0.7:1")],  # noqa: S104 - where to ask, nothing listens
)
def test_a_member_is_asked_where_it_listens(host, url):
    assert Member("search", 1, 1, host).url == url
