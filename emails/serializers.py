from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from rest_framework import serializers

from common.html import cleaned
from common.mailboxes.serializers import MailboxSerializer, inbound_url
from common.people.models import User
from common.records.about import AboutSerializer
from common.records.serializers import BASE_FIELDS, ProjectedSerializer, RecordSerializer, ReferenceField, Strict

from .merge import check_names
from .models import BlockedAddress, Email, EmailTemplate, MailAccount, MailSettings, Signature
from .services import CONTENT, require_unsent
from .validators import MAX_ADDRESSES, one_line


class AddressList(serializers.ListField):
    child = serializers.EmailField(max_length=254, validators=[one_line])

    def __init__(self, **kwargs: Any):
        super().__init__(**{"max_length": MAX_ADDRESSES, "required": False, **kwargs})


class HTMLField(serializers.CharField):
    """HTML, of which the harmless part is kept."""

    def __init__(self, **kwargs: Any):
        super().__init__(**{"required": False, "allow_blank": True, "max_length": 200_000, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        html = super().to_internal_value(data)
        return html if "\x00" in html else cleaned(html)  # which validators refuse, and cleaning would hide


class EmailMessageSerializer(AboutSerializer, RecordSerializer):
    to = AddressList(help_text="Without it: the address of the record, or of whom the mail answers")
    cc = AddressList()
    bcc = AddressList()
    body_html = HTMLField()

    class Meta(RecordSerializer.Meta):
        model = Email
        fields = [
            *RecordSerializer.Meta.fields,
            "to",
            "cc",
            "bcc",
            "subject",
            "body_text",
            "body_html",
            "template",
            "answers",
            "thread",
            "with_tracking",
            "status",
            "sender",
            "sent_by",
            "send_at",
            "sent_at",
            "attempts",
            "next_attempt_at",
            "error",
            "message_id",
            "opened_count",
            "opened_at",
            "clicked_count",
            "clicked_at",
            *Email.record_types(),
        ]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        values = super().validate(values)
        if self.instance and any(name in values and values[name] != getattr(self.instance, name) for name in CONTENT):
            require_unsent(self.instance)
        return values


class ScheduleSerializer(Strict):
    send_at = serializers.DateTimeField(help_text="Within a year from now")


class AttachSerializer(Strict):
    attachments = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=20, help_text="Ids of files of any record that you may see"
    )


class PreviewSerializer(serializers.Serializer[Any]):
    """A mail as it would go out, but for tracking."""

    subject = serializers.CharField()
    body_text = serializers.CharField()
    body_html = serializers.CharField()


class EmailTemplateSerializer(ProjectedSerializer):
    body_html = HTMLField()

    class Meta:
        model = EmailTemplate
        fields = [*BASE_FIELDS, "name", "subject", "body_text", "body_html"]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        for name in ("subject", "body_text", "body_html"):
            try:
                check_names(values.get(name, ""))
            except DjangoValidationError as error:
                raise serializers.ValidationError({name: error.messages}) from error
        return values


class TemplatePreviewSerializer(Strict):
    """The record to fill the template in with: at most one."""

    def get_fields(self) -> dict[str, Any]:
        targets = {name: Email._meta.get_field(name).related_model for name in Email.record_types()}
        return {name: ReferenceField(target=target, required=False) for name, target in targets.items()}

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if len(values) > 1:
            raise serializers.ValidationError({list(values)[1]: ["Only one record."]})
        return values


class BlockedAddressSerializer(ProjectedSerializer):
    class Meta:
        model = BlockedAddress
        fields = [*BASE_FIELDS, "address", "reason", "note"]


class SignatureSerializer(serializers.ModelSerializer[Any]):
    html = HTMLField(max_length=20_000)

    class Meta:
        model = Signature
        fields = ["text", "html"]


class MailSettingsSerializer(serializers.ModelSerializer[Any]):
    class Meta:
        model = MailSettings
        fields = ["sender_address", "reply_address", "with_tracking", "unknown_mail"]

    def validate_sender_address(self, address: str) -> str:
        """Nobody sends in the name of an address that is not theirs."""
        proven = User.objects.filter(
            email=address.lower(), email_verified_at__lte=timezone.now(), is_active=True, profiles__is_active=True
        )
        if address and not proven.exists():
            raise serializers.ValidationError("Only the verified address of a member of the organization.")
        return address


class MailAccountSerializer(MailboxSerializer):
    class Meta(MailboxSerializer.Meta):
        model = MailAccount
        fields = [*MailboxSerializer.Meta.fields, "profile"]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        me = self.context["profile"]
        owner = values.get("profile", self.instance and self.instance.profile)
        if not me.is_admin and owner != me:
            raise serializers.ValidationError({"profile": ["Only an admin adds accounts of the organization, or of others."]})
        return values


class NewMailAccountSerializer(MailAccountSerializer):
    inbound_url = inbound_url()

    class Meta(MailAccountSerializer.Meta):
        fields = [*MailAccountSerializer.Meta.fields, "inbound_url"]


class ReplyTakenSerializer(serializers.Serializer[Any]):
    """What became of a mail."""

    outcome = serializers.ChoiceField(["answered", "bounced", "filed", "known", "ignored"])
    email = serializers.UUIDField(allow_null=True)
