from common.records.views import RecordViewSet

from .models import Account
from .serializers import AccountSerializer


class AccountViewSet(RecordViewSet):
    queryset = Account.objects.all()
    serializer_class = AccountSerializer
    filterset_fields = ["name", "email", "phone", "website", "industry", "annual_revenue", "number_of_employees",
                        "contacts", "parent", "is_active"]  # fmt: skip
