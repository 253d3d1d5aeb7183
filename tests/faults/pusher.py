"""A wire that keeps pushing while things die: retries with the same Idempotency-Key until it knows, as a sender should."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import httpx2
import orjson

from tests.harness import Ledger, Pipeline


class Pusher(threading.Thread):
    """Pushes single stories and small batches in turn until told to stop; every answer goes into the ledger."""

    def __init__(self, pipeline: Pipeline, ledger: Ledger, pause: float = 0.02, retries: bool = True) -> None:
        super().__init__(daemon=True)
        self.pipeline, self.ledger, self.pause, self.retries = pipeline, ledger, pause, retries
        self.done = threading.Event()
        self.broken = 0
        """Requests that ended without an answer, or with 5xx, and were sent again."""

    def run(self) -> None:
        turn = 0
        while not self.done.is_set():
            turn += 1
            self.send([self.ledger.story() for _ in range(1 if turn % 2 else 7)])
            time.sleep(self.pause)

    def send(self, stories: list[dict[str, Any]], patience_s: float = 120) -> None:
        """One request, sent again until it is answered for good (or the ledger keeps it as unknown)."""
        key, end = uuid.uuid4().hex, time.monotonic() + patience_s
        for story in stories:
            self.ledger.enter(story, 0)
        while time.monotonic() < end:
            status, answer = self.attempt(stories, key)
            if status == 202:
                for story, item in zip(stories, answer["items"], strict=True):
                    self.ledger.enter(story, 202 if item["status"] in {"accepted", "duplicate"} else 422)
                return
            if 400 <= status < 500 and status != 409:
                for story in stories:
                    self.ledger.enter(story, status)
                return
            self.broken += 1
            if not self.retries:
                return
            time.sleep(0.2)

    def attempt(self, stories: list[dict[str, Any]], key: str) -> tuple[int, Any]:
        lines = b"".join(orjson.dumps(story) + b"\n" for story in stories)
        headers = {
            "Authorization": f"Bearer {self.pipeline.key}",
            "Content-Type": "application/x-ndjson",
            "Idempotency-Key": key,
        }
        try:
            answer = httpx2.post(
                f"{self.pipeline['ingestion'].url}/v1/feeds/local/items", content=lines, headers=headers, timeout=30
            )
        except httpx2.TransportError:
            return 0, None
        return answer.status_code, answer.json() if answer.status_code == 202 else None

    def finish(self) -> None:
        """Stop pushing; waits for the request that is under way."""
        self.done.set()
        self.join(150)
        assert not self.is_alive()
