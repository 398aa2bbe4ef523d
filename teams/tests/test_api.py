from common.testing import OrgTestCase, RecordTests
from teams.models import Team


class TeamAPITest(RecordTests, OrgTestCase):
    model = Team
    create_data = {"name": "Field sales", "description": "Those who travel"}
    update_data = {"description": "Those who stay"}
    search_word = "field"
