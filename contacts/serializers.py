from django.db.models import Value
from django.db.models.functions import Concat, Trim

from common.records.projection import Computed
from common.records.serializers import RecordSerializer

from .models import Contact


class ContactSerializer(RecordSerializer):
    name = Computed(Trim(Concat("first_name", Value(" "), "last_name")))

    class Meta(RecordSerializer.Meta):
        model = Contact
        fields = [
            *RecordSerializer.Meta.fields,
            "first_name",
            "last_name",
            "name",
            "email",
            "secondary_email",
            "phone",
            "mobile",
            "title",
            "department",
            "organization",
            "account",
            "address",
            "date_of_birth",
            "do_not_call",
            "language",
            "linkedin_url",
            "twitter_url",
            "description",
        ]
