"""Keys land where Kafka's own clients put them."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.partitioner import murmur2, partition_for


@pytest.mark.parametrize(
    ("key", "signed"),
    # Source: Apache Kafka, UtilsTest.testMurmur2 (Java's int is signed).
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_vectors_of_kafkas_own_test(key, signed):
    assert murmur2(key) == signed & 0xFFFFFFFF


@given(st.binary(max_size=70))
def test_every_key_hashes_as_in_the_client_library(key):
    assert murmur2(key) == reference(key)


@given(st.binary(max_size=40), st.integers(1, 100))
def test_a_key_has_one_partition_within_the_topic(key, partitions):
    assert partition_for(key, partitions) == (reference(key) & 0x7FFFFFFF) % partitions
