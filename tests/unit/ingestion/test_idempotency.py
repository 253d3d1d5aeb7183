from __future__ import annotations

import uuid

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.ingestion.idempotency import IdempotencyKeys
from shared.problems import Problem

A, B, C = (uuid.UUID(int=n) for n in range(3))


def code(keys: IdempotencyKeys, receipt: uuid.UUID, body: str) -> str:
    with pytest.raises(Problem) as caught:
        keys.begin(receipt, body)
    return caught.value.code


def test_a_key_goes_through_its_states() -> None:
    keys = IdempotencyKeys(10)
    assert keys.begin(A, "x") is None
    assert code(keys, A, "x") == "idempotency-in-progress"
    assert code(keys, A, "y") == "idempotency-key-reused"
    keys.keep(A, b"answer")
    assert keys.begin(A, "x") == b"answer"
    assert code(keys, A, "y") == "idempotency-key-reused"
    keys.begin(B, "x")
    keys.forget(B)
    assert keys.begin(B, "y") is None


def test_the_one_used_longest_ago_is_forgotten() -> None:
    keys = IdempotencyKeys(2)
    for receipt in (A, B):
        keys.begin(receipt, "x")
        keys.keep(receipt, b"answer")
    keys.begin(A, "x")
    keys.begin(C, "x")
    keys.keep(C, b"answer")
    assert keys.begin(A, "x") == b"answer"
    assert keys.begin(B, "other") is None


def test_answers_are_bounded_in_bytes() -> None:
    keys = IdempotencyKeys(1000, max_bytes=10_000)
    for n in range(100):
        keys.begin(uuid.UUID(int=n), "x")
        keys.keep(uuid.UUID(int=n), b"a" * 1000)
    assert len(keys) <= 7
    assert keys.begin(uuid.UUID(int=99), "x") == b"a" * 1000


def test_without_room_only_what_is_under_way_is_known() -> None:
    keys = IdempotencyKeys(0)
    keys.begin(A, "x")
    assert code(keys, A, "x") == "idempotency-in-progress"
    keys.keep(A, b"answer")
    assert keys.begin(A, "y") is None


class AgainstAPlainModel(RuleBasedStateMachine):
    """With room for all, the keys are a plain dictionary; with little room, they may only forget answers."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = IdempotencyKeys(100)
        self.narrow = IdempotencyKeys(2)
        self.model: dict[uuid.UUID, tuple[str, bytes | None]] = {}

    def expected(self, receipt: uuid.UUID, body: str) -> object:
        known = self.model.get(receipt)
        if known is None:
            return None
        if known[0] != body:
            return "idempotency-key-reused"
        return known[1] if known[1] is not None else "idempotency-in-progress"

    @staticmethod
    def outcome(keys: IdempotencyKeys, receipt: uuid.UUID, body: str) -> object:
        try:
            return keys.begin(receipt, body)
        except Problem as refusal:
            return refusal.code

    @rule(receipt=st.sampled_from([uuid.UUID(int=n) for n in range(5)]), body=st.sampled_from("xy"))
    def begin(self, receipt: uuid.UUID, body: str) -> None:
        expected = self.expected(receipt, body)
        assert self.outcome(self.wide, receipt, body) == expected
        narrow = self.outcome(self.narrow, receipt, body)
        under_way = receipt in self.model and self.model[receipt][1] is None
        assert narrow == expected or (narrow is None and not under_way)
        if narrow is None and expected is not None:
            self.narrow.forget(receipt)  # keep both in step: this one forgot an answer
        if expected is None:
            self.model[receipt] = (body, None)

    @rule(receipt=st.sampled_from([uuid.UUID(int=n) for n in range(5)]), done=st.booleans())
    def end(self, receipt: uuid.UUID, done: bool) -> None:
        known = self.model.get(receipt)
        if known is None or known[1] is not None:
            return
        for keys in (self.wide, self.narrow):
            keys.keep(receipt, b"answer") if done else keys.forget(receipt)
        if done:
            self.model[receipt] = (known[0], b"answer")
        else:
            del self.model[receipt]

    @invariant()
    def bounded(self) -> None:
        under_way = sum(answer is None for _, answer in self.model.values())
        assert len(self.narrow) <= max(2, under_way) + under_way


TestAgainstAPlainModel = AgainstAPlainModel.TestCase
