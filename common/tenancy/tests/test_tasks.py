"""Tasks run in the scope of whoever sent them: by a real worker, over the broker in memory and over Redis."""

import uuid
from typing import Any

import redis
from celery import Celery, chain
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.db import connection, transaction

from common.records.models import Tag
from common.tenancy import NoOrgScope, all_orgs, current, no_scope, org_scope
from common.tenancy.tasks import OrgTask
from common.testing.committed import CommittedTestCase
from crm.celery import app as real_app

REDIS = settings.REDIS_URL or "redis://127.0.0.1:6379/0"


def make_app(broker: str, backend: str) -> Celery:
    """An app of its own, with our task class, whose queue nobody else reads."""
    app = Celery("proof", task_cls="common.tenancy.tasks:OrgTask", broker=broker, backend=backend, set_as_current=False)
    app.conf.update(task_default_queue=f"proof-{uuid.uuid4()}", broker_transport_options={"polling_interval": 0.02})

    @app.task(name="proof.look", shared=False)
    def look(*previous: Any) -> dict[str, Any]:
        scope = current()
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user::text, (SELECT count(*) FROM tags), pg_backend_pid()")
            role, visible, _ = cursor.fetchone()
        names = ("org_id", "profile_id", "user_id", "source", "request_id")
        return {name: str(getattr(scope, name) or "") for name in names} | {"role": role, "tags": visible}

    @app.task(name="proof.tags", shared=False)
    def tags(*previous: Any) -> list[str]:
        return list(Tag.objects.values_list("name", flat=True))

    @app.task(name="proof.fail", shared=False)
    def fail() -> None:
        with transaction.atomic():
            Tag.objects.create(name="never")
            raise ValueError("on purpose")

    return app


class TasksOverMemoryTest(CommittedTestCase):
    broker, backend = "memory://", "cache+memory://"

    def setUp(self) -> None:
        super().setUp()
        for org, name in ((self.org, "ours"), (self.other, "theirs")):
            with org_scope(org):
                Tag.objects.create(name=name)
        self.app = make_app(self.broker, self.backend)
        self.addCleanup(real_app.set_default)
        self.addCleanup(real_app.set_current)  # the worker makes its app the current one
        worker = start_worker(self.app, pool="threads", concurrency=2, perform_ping_check=False, shutdown_timeout=30)
        self.enterContext(worker)

    def run_task(self, name: str) -> Any:
        return self.app.tasks[f"proof.{name}"].delay().get(timeout=20)

    def test_org_actor_source_and_request_travel_with_the_message(self) -> None:
        with org_scope(self.uma, source="api", request_id="request-42"):
            seen = self.run_task("look")
            self.assertEqual(self.run_task("tags"), ["ours"])
        self.assertEqual((seen["org_id"], seen["profile_id"]), (str(self.org.pk), str(self.uma.pk)))
        self.assertEqual((seen["user_id"], seen["source"], seen["request_id"]), (str(self.uma.user_id), "api", "request-42"))
        self.assertEqual((seen["role"], seen["tags"]), ("crm_app", 1))

    def test_a_task_without_scope_sees_nothing_after_others_had_one(self) -> None:
        for org, name in ((self.org, "ours"), (self.other, "theirs")) * 3:
            with org_scope(org):
                self.assertEqual(self.run_task("tags"), [name])
        with no_scope():
            self.assertEqual((self.run_task("look")["tags"], self.run_task("look")["org_id"]), (0, ""))
            with self.assertRaisesMessage(Exception, "Open org_scope(org)"):
                self.run_task("tags")

    def test_platform_scope_travels_and_its_role_does_not_stay(self) -> None:
        with all_orgs(user_id=self.max.user_id, source="admin"):
            seen = self.run_task("look")
        self.assertEqual((seen["role"], seen["tags"], seen["source"]), ("crm_platform", 2, "admin"))
        self.assertEqual(self.run_task("look")["role"], "crm_app")

    def test_a_task_that_fails_leaves_nothing_behind(self) -> None:
        with org_scope(self.org):
            with self.assertRaisesMessage(ValueError, "on purpose"):
                self.run_task("fail")
            self.assertEqual(self.run_task("tags"), ["ours"])

    def test_a_chain_keeps_its_scope(self) -> None:
        with org_scope(self.uma, source="api"):
            result = chain(self.app.tasks["proof.look"].s(), self.app.tasks["proof.tags"].s()).apply_async()
        self.assertEqual(result.get(timeout=20), ["ours"])
        self.assertEqual(result.parent.get(timeout=20)["profile_id"], str(self.uma.pk))

    def test_called_directly_a_task_runs_in_the_scope_it_is_called_in(self) -> None:
        with org_scope(self.other):
            self.assertEqual(self.app.tasks["proof.tags"](), ["theirs"])
        with self.assertRaises(NoOrgScope):
            self.app.tasks["proof.tags"]()

    def test_every_task_of_the_platform_is_such_a_task(self) -> None:
        real_app.loader.import_default_modules()
        ours = [task for name, task in real_app.tasks.items() if not name.startswith("celery.")]
        self.assertIn("common.tasks.send_due_mails", [task.name for task in ours])
        for task in ours:
            self.assertIsInstance(task, OrgTask, task.name)


class TasksOverRedisTest(TasksOverMemoryTest):
    broker = backend = REDIS

    def setUp(self) -> None:
        try:
            redis.Redis.from_url(REDIS, socket_connect_timeout=1).ping()
        except redis.RedisError:
            self.skipTest(f"no Redis at {REDIS}")
        super().setUp()
