"""Key → partition, as Kafka's Java clients do it, so that any client sends a key to the same partition.

Source: Apache Kafka, `Utils.murmur2` and `BuiltInPartitioner.partitionForKey` (murmur2, seed 0x9747b28c, sign bit off).
"""

from __future__ import annotations

import struct
from functools import lru_cache

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C


def murmur2(data: bytes) -> int:
    """Unsigned 32-bit MurmurHash2 of `data`."""
    length = len(data)
    whole = length & ~3
    h = _SEED ^ length
    for k in struct.unpack_from(f"<{whole >> 2}I", data):
        k = k * _M & _MASK  # noqa: PLW2901 - the algorithm's own name for the word that it mixes
        k = (k ^ k >> 24) * _M & _MASK  # noqa: PLW2901 - as above
        h = h * _M & _MASK ^ k
    if length != whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


@lru_cache(maxsize=16_384)
def partition_for(key: bytes, partitions: int) -> int:
    """The partition of a key in a topic of `partitions` partitions."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
