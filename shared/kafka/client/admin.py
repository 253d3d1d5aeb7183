"""Looking at topics and making them, by aiokafka."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.errors import Misconfigured, Unavailable
from shared.kafka.client.connection import connection, explained, unreached
from shared.kafka.topics import TopicSpec
from shared.settings import Settings


class TopicsAdmin:
    """What `ensure_topics` needs of a broker; an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin: Any = None

    async def __aenter__(self) -> Self:
        self._admin = AIOKafkaAdminClient(**connection(self._settings), client_id="newswire-topics")
        try:
            await self._admin.start()
        except (kafka.KafkaError, OSError) as error:
            await self._admin.close()
            why = await unreached(error, self._settings)
            if isinstance(why, Misconfigured):
                raise why from error
            raise Unavailable(
                f"no Kafka at {self._settings.kafka.bootstrap_servers} ({type(error).__name__}); "
                "see NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS"
            ) from error
        except BaseException:
            await self._admin.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()

    async def partitions(self, names: Sequence[str]) -> dict[str, int]:
        """How many partitions those topics have that exist."""
        try:
            answer = await self._admin.describe_topics(list(names))
        except kafka.KafkaError as error:
            raise explained(error) from error
        return {topic["topic"]: len(topic["partitions"]) for topic in answer if topic["error_code"] == 0}

    async def describe(self, names: Sequence[str]) -> dict[str, tuple[int, dict[str, str]]]:
        """Partitions and settings of those topics that exist."""
        found = await self.partitions(names)
        try:
            resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in found]
            answers = await self._admin.describe_configs(resources) if resources else []
        except kafka.KafkaError as error:
            raise explained(error) from error
        configs: dict[str, dict[str, str]] = {}
        for answer in answers:
            for _, _, _, name, entries in answer.resources:
                configs[name] = {entry[0]: entry[1] for entry in entries}
        return {name: (partitions, configs.get(name, {})) for name, partitions in found.items()}

    async def create(self, specs: Sequence[TopicSpec]) -> list[str]:
        """Make these; returns the names of those that were not there (another process may have been first)."""
        if not specs:
            return []
        topics = [NewTopic(s.name, s.partitions, s.replication, topic_configs=dict(s.configs)) for s in specs]
        try:
            answer = await self._admin.create_topics(topics)
        except kafka.KafkaError as error:
            raise explained(error) from error
        created = []
        for name, code, *rest in answer.topic_errors:
            outcome = kafka.for_code(code)
            if outcome is kafka.NoError:
                created.append(name)
            elif outcome is not kafka.TopicAlreadyExistsError:
                why = rest[0] if rest and rest[0] else outcome.__name__
                raise Misconfigured(f"Kafka refuses the topic {name}: {why}")
        return created
