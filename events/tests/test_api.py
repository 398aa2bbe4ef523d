from common.testing import OrgTestCase, RecordTests
from events.models import Event


class EventAPITest(RecordTests, OrgTestCase):
    model = Event
    create_data = {"title": "Demo of the sea kayak", "start": "2026-12-01T09:00:00Z", "end": "2026-12-01T10:00:00Z"}
    update_data = {"location": "Pier 4"}
    nested_data = {"participants": [{"email": "ada@engines.example"}]}
    search_word = "kayak"
