"""What a comment and an attachment show and accept."""

import mimetypes
from pathlib import PurePath
from typing import Any

import puremagic
from django.conf import settings
from rest_framework import serializers

from common.api.errors import TooLarge

from .models import Attachment, Comment
from .projection import Computed
from .serializers import ProjectedSerializer

#: Files that a browser or a desktop would run. They are refused by name and by content.
REFUSED_SUFFIXES = {
    ".exe", ".dll", ".bat", ".cmd", ".com", ".msi", ".scr", ".ps1", ".vbs", ".js", ".mjs", ".jar", ".sh", ".app", ".apk",
    ".html", ".htm", ".xhtml", ".svg", ".hta", ".lnk", ".php", ".phtml", ".swf",
}  # fmt: skip
REFUSED_STARTS = (b"MZ", b"\x7fELF", b"#!", b"<!doctype html", b"<html", b"<script", b"<svg", b"\xca\xfe\xba\xbe")


class CommentSerializer(ProjectedSerializer):
    author = Computed("created_by__user__name", allow_null=True)

    class Meta:
        model = Comment
        fields = ["id", "created_at", "updated_at", "created_by", "author", "comment", "is_internal"]

    def validate_is_internal(self, is_internal: bool) -> bool:
        if is_internal and self.context["profile"].is_client:
            raise serializers.ValidationError("Only colleagues comment internally.")
        return is_internal


class AttachmentSerializer(ProjectedSerializer):
    author = Computed("created_by__user__name", allow_null=True)
    file = serializers.FileField(write_only=True, max_length=200)

    class Meta:
        model = Attachment
        fields = ["id", "created_at", "updated_at", "created_by", "author", "file_name", "size", "content_type", "file"]
        read_only_fields = ["file_name", "size", "content_type"]

    def validate_file(self, upload: Any) -> Any:
        return checked(upload)

    def create(self, values: dict[str, Any]) -> Attachment:
        return super().create(values | about(values["file"]))


def checked(upload: Any) -> Any:
    """A file that may be stored. Raises a ValidationError, or TooLarge."""
    if upload.size > settings.MAX_ATTACHMENT_BYTES:
        raise TooLarge(f"A file may have at most {settings.MAX_ATTACHMENT_BYTES} bytes.")
    start = upload.read(2048)
    upload.seek(0)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    runs = start.startswith(REFUSED_STARTS[:3]) or text.startswith(REFUSED_STARTS)
    if runs or PurePath(upload.name).suffix.lower() in REFUSED_SUFFIXES:
        raise serializers.ValidationError("Files of this type are not accepted.")
    return upload


def about(upload: Any) -> dict[str, Any]:
    """What is kept of a file beside it."""
    return {"file_name": PurePath(upload.name).name[-200:], "size": upload.size, "content_type": sniff(upload)}


def sniff(upload: Any) -> str:
    """The media type by content, or by name where the content says nothing."""
    start = upload.read(4096)
    upload.seek(0)
    try:
        found = puremagic.from_string(start, mime=True, filename=upload.name)
    except puremagic.PureError:
        found = ""
    return (found or mimetypes.guess_type(upload.name)[0] or "application/octet-stream")[:100]
