"""One bulk request over HTTP: bytes out, verdicts back. No retries here (see `bulk.py`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from elastic_transport import ApiError, TransportError
from elasticsearch import AsyncElasticsearch, UnsupportedProductError

from shared.elastic.border import error_of, retry_after, safe_reason, translated
from shared.elastic.bulk import WRITTEN, Verdict
from shared.elastic.outcomes import Outcome, classify
from shared.elastic.ports import Action
from shared.errors import Misconfigured

_HEADERS = {"accept": "application/json", "content-type": "application/x-ndjson"}
_PROBE = b'{"index":{"_index":%b,"_id":%b,"if_seq_no":9223372036854775806,"if_primary_term":1}}'
_BOOKED = re.compile(r"primary_operation_bytes=(\d{1,18}), max_primary_bytes=(\d{1,18})\b")
_SHORT = "errors,items.*.status,items.*.error"
"""All that we read of an answer: each item's status, and the whole of each error."""


def body_of(actions: Sequence[Action]) -> bytes:
    """The body of a bulk request: a header line and the document's own bytes for each action.

    Raises:
        ValueError: a document is not one line, which would shift all that follow.
    """
    lines: list[bytes] = []
    for action in actions:
        if b"\n" in action.source:
            raise ValueError(f"the document {action.id} is not one line of JSON")
        lines += (_header(action), action.source)
    lines.append(b"")
    return b"\n".join(lines)


def _header(action: Action) -> bytes:
    if action.op == "probe":
        # On a condition that no document meets: it is parsed like any other, and then refused as a conflict.
        return _PROBE % (orjson.dumps(action.index), orjson.dumps(action.id))
    head = b'{"%b":{"_index":%b,"_id":%b' % (action.op.encode(), orjson.dumps(action.index), orjson.dumps(action.id))
    if action.version is None:
        return head + b"}}"
    return head + b',"version":%d,"version_type":"external_gte"}}' % action.version


def verdicts_of(answer: Any) -> Verdict | list[Verdict]:
    """What a 200 answer says of each action, in order; RETRY for the whole if it is no bulk answer."""
    items = answer.get("items") if isinstance(answer, Mapping) else None
    if not isinstance(items, list):
        return Verdict(Outcome.RETRY, 0, "no-items")
    if answer.get("errors") is False:
        return [WRITTEN] * len(items)
    try:
        return [_verdict(next(iter(item.values()))) for item in items]
    except (AttributeError, KeyError, TypeError, StopIteration):
        return Verdict(Outcome.RETRY, 0, "no-items")


def _verdict(item: dict[str, Any]) -> Verdict:
    status = item["status"]
    if status in {200, 201}:
        return WRITTEN
    kind, reason = error_of(item)
    return Verdict(classify(status, kind), status, kind, safe_reason(kind, reason), over_memory=over_memory(reason))


def over_memory(reason: str | None) -> bool:
    """Whether a rejection says that the operation by itself exceeds the node's memory for indexing.

    Elasticsearch 9 books a document's bytes once for the request and four times for the operation on the primary, and
    takes no more than a tenth of its heap (`indexing_pressure.memory.limit`): so a document over a fiftieth of the heap
    is rejected for ever, with the 429 of a node that is merely busy. Measured: 10 MB pass with 512 MB of heap, 11 do not.
    """
    found = _BOOKED.search(reason or "")
    return found is not None and int(found[1]) * 5 > int(found[2]) * 4


class BulkRequest:
    """Sends bulk requests through a client; what went wrong is a verdict, never an exception of the client."""

    def __init__(self, client: AsyncElasticsearch) -> None:
        self._client = client

    async def __call__(self, actions: Sequence[Action], refresh: bool) -> Verdict | list[Verdict]:
        """One request; see `shared.elastic.bulk.Send`."""
        params = {"filter_path": _SHORT}
        if refresh:
            params["refresh"] = "true"
        try:
            response = await self._client.perform_request(
                "POST", "/_bulk", params=params, headers=_HEADERS, body=body_of(actions)
            )
        except UnsupportedProductError as error:
            return Verdict(Outcome.HALT, error.meta.status, "unsupported-product", str(translated(error, "bulk")))
        except ApiError as error:
            kind, reason = error_of(error.body)
            outcome = classify(error.meta.status, kind, whole_request=True)
            asked = retry_after(error.meta.headers)
            return Verdict(outcome, error.meta.status, kind, safe_reason(kind, reason), asked)
        except TransportError as error:
            word = translated(error, "bulk")
            outcome = Outcome.HALT if isinstance(word, Misconfigured) else Outcome.RETRY
            return Verdict(outcome, 0, type(error).__name__, str(word))
        return verdicts_of(response.body)
