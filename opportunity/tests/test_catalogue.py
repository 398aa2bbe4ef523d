"""Products, prices and tax rates are everyone's to read and to sell with, whoever made them."""

from common.testing import OrgTestCase


class CatalogueTest(OrgTestCase):
    def test_who_sells_finds_what_an_admin_made_and_writes_lines_with_it(self) -> None:
        alice, uma = self.client_of(self.alice), self.client_of(self.uma)
        product = alice.post("/api/v1/products/", {"name": "Sea kayak", "price": "1490.00", "currency": "EUR"}).json()["id"]
        price = alice.post("/api/v1/prices/", {"product": product, "currency": "GBP", "price": "1290.00"}).json()["id"]
        tax = alice.post("/api/v1/tax-rates/", {"name": "VAT", "percent": "19"}).json()["id"]
        template = alice.post("/api/v1/email-templates/", {"name": "Ready", "subject": "x", "body_text": "y"}).json()["id"]
        made = (("products", product), ("prices", price), ("tax-rates", tax), ("email-templates", template))
        for module, pk in made:
            with self.subTest(module):
                self.assertIn(pk, [row["id"] for row in uma.get(f"/api/v1/{module}/").json()["results"]])
                self.assertEqual(uma.get(f"/api/v1/{module}/{pk}/").status_code, 200)
                self.assert_error(uma.patch(f"/api/v1/{module}/{pk}/", {}), 403)
                self.assert_error(uma.delete(f"/api/v1/{module}/{pk}/"), 403)
                vic = self.client_of(self.vic).get(f"/api/v1/{module}/{pk}/")
                self.assertIn(vic.status_code, (403, 404))
                self.assert_error(self.client_of(self.mallory).get(f"/api/v1/{module}/{pk}/"), 404)
        body = {"name": "Two", "currency": "GBP", "lines": [{"product": product, "quantity": "2", "tax": tax}]}
        deal = uma.post("/api/v1/opportunities/", body, format="json")
        self.assertEqual((deal.status_code, deal.json().get("amount")), (201, "2580.00"), deal.content)

    def test_a_role_that_may_not_view_products_still_does_not(self) -> None:
        alice = self.client_of(self.alice)
        product = alice.post("/api/v1/products/", {"name": "Sea kayak"}).json()["id"]
        permissions = {"*": {"view": "own"}, "products": {}}
        role = alice.post("/api/v1/roles/", {"name": "Blind", "permissions": permissions}, format="json").json()["id"]
        alice.patch(f"/api/v1/users/{self.uma.pk}/", {"role": role})
        self.assert_error(self.client_of(self.uma).get(f"/api/v1/products/{product}/"), 404)
        self.assert_error(self.client_of(self.uma).get("/api/v1/products/"), 403)
