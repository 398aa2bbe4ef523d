from cases.models import Article
from common.testing import OrgTestCase, RecordTests


class ArticleAPITest(RecordTests, OrgTestCase):
    model = Article
    create_data = {"title": "Tightening a loose seat", "body": "Turn both screws clockwise."}
    update_data = {"is_published": True}
    search_word = "Tightening"
