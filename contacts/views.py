from common.records.views import RecordViewSet

from .models import Contact
from .serializers import ContactSerializer


class ContactViewSet(RecordViewSet):
    queryset = Contact.objects.all()
    serializer_class = ContactSerializer
    also_called = ["person"]
    example = {"first_name": "Ada", "last_name": "Byron", "email": "ada@engines.example", "phone": "+442071838750",
               "title": "Director"}  # fmt: skip
    filterset_fields = ["first_name", "last_name", "email", "secondary_email", "phone", "mobile", "title", "department",
                        "organization", "account", "account__name", "date_of_birth", "do_not_call", "language"]  # fmt: skip
