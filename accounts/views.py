from common.records.views import RecordViewSet

from .models import Account
from .serializers import AccountSerializer


class AccountViewSet(RecordViewSet):
    queryset = Account.objects.all()
    serializer_class = AccountSerializer
    also_called = ["company", "customer", "client"]
    example = {"name": "Engines Ltd", "email": "office@engines.example", "phone": "+442071838750",
               "website": "https://engines.example", "industry": "Machinery"}  # fmt: skip
    filterset_fields = ["name", "email", "phone", "website", "industry", "annual_revenue", "number_of_employees",
                        "contacts", "parent", "is_active"]  # fmt: skip
