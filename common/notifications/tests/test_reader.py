"""The reader of the stream, over committed transactions."""

import time
from typing import Any

import pytest
from django.db import connection, transaction

from common.notifications.models import Notification, StreamPosition
from common.notifications.stream import read_stream
from common.records.serializers import find_stage
from common.tenancy import org_scope
from common.testing.committed import CommittedTestCase
from leads.models import Lead


@pytest.mark.early
class ReaderTest(CommittedTestCase):
    def setUp(self) -> None:
        super().setUp()
        read_stream()  # what was before nobody is told of

    def assign(self, by: Any, to: Any, name: str = "Ada Byron") -> None:
        with org_scope(by), transaction.atomic():
            Lead.objects.create(name=name, stage=find_stage("leads")).assigned_to.add(to)

    def wait(self, seconds: int = 300) -> None:
        """Until what other test processes on the same server had begun has ended: the reader is held up by it."""
        deadline, ended = time.monotonic() + seconds, False
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            (mine,) = cursor.fetchone()
            while not ended:
                self.assertLess(time.monotonic(), deadline, "A transaction on this server does not end.")
                cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s", [mine])
                (ended,) = cursor.fetchone()
                time.sleep(0 if ended else 0.1)

    def read(self) -> int:
        self.wait()
        return read_stream()

    def texts(self, org: Any) -> list[str]:
        with org_scope(org):
            return sorted(Notification.objects.values_list("text", flat=True))

    def test_each_is_told_once_of_what_is_theirs(self) -> None:
        colleague = self.join("meg", "user", self.other)
        self.assign(self.alice, self.uma)
        self.assign(self.mallory, colleague, "Zebra")
        self.assertEqual(self.read(), 2)
        self.assertEqual(read_stream(), 0)
        self.assertEqual(self.texts(self.org), ["Alice assigned the lead “Ada Byron” to you"])
        self.assertEqual(self.texts(self.other), ["Mallory assigned the lead “Zebra” to you"])

    def test_a_reader_that_dies_before_it_notes_its_position_tells_nobody_twice(self) -> None:
        before = StreamPosition.objects.values("xid", "last").get()
        self.assign(self.alice, self.uma)
        self.assertEqual(self.read(), 1)
        StreamPosition.objects.update(**before)
        self.assertEqual(read_stream(), 1)
        self.assertEqual(len(self.texts(self.org)), 1)

    def test_two_readers_at_once(self) -> None:
        for number in range(4):
            self.assign(self.alice, self.uma, f"Lead {number}")
        self.wait()
        self.at_once(read_stream, read_stream, read_stream)
        self.assertEqual(len(self.texts(self.org)), 4)

    def test_what_is_not_committed_yet_is_not_skipped(self) -> None:
        self.assign(self.alice, self.uma, "Before")

        def meanwhile() -> None:
            self.assign(self.alice, self.uma, "Meanwhile")
            read_stream()
            connection.close()

        with org_scope(self.alice), transaction.atomic():
            Lead.objects.create(name="Slow", stage=find_stage("leads")).assigned_to.add(self.uma)
            self.at_once(meanwhile)
        self.read()
        self.assertEqual([text.split("“")[1].split("”")[0] for text in self.texts(self.org)], ["Before", "Meanwhile", "Slow"])
