from typing import Any

from rest_framework import serializers

from common.records.serializers import BASE_FIELDS, ProjectedSerializer
from common.vault import close


class MailboxSerializer(ProjectedSerializer):
    """The IMAP password can be set, and is never shown."""

    imap_password = serializers.CharField(write_only=True, required=False, allow_blank=True, max_length=500)

    class Meta:
        model: Any
        fields = [
            *BASE_FIELDS,
            "address",
            "is_active",
            "imap_host",
            "imap_port",
            "imap_security",
            "imap_user",
            "imap_password",
            "imap_folder",
            "polled_at",
            "error",
        ]

    def validate_address(self, address: str) -> str:
        return address.lower()

    def validate_imap_password(self, password: str) -> str:
        return close(password) if password else ""


def inbound_url() -> Any:
    return serializers.CharField(read_only=True, help_text="Where a mail gateway posts each raw mail. Shown only now.")
