from boards.models import Board
from common.testing import OrgTestCase, RecordTests


class BoardAPITest(RecordTests, OrgTestCase):
    model = Board
    create_data = {"name": "Winter fair"}
    update_data = {"description": "Who does what"}
    search_word = "Winter"
