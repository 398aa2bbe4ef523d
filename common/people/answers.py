"""What the endpoints of sign-up and sign-in answer with, for the documentation: the views build it by hand."""

from typing import Any

from rest_framework import serializers

from .serializers import OrgBriefSerializer, OrgSerializer, TokenPairSerializer, UserSerializer

PERSON = {
    "id": "0192d3c0-5a00-7d3e-8f5b-3c1e2a4b6d80",
    "email": "ada@example.com",
    "name": "Ada Byron",
    "email_verified": False,
    "is_superuser": False,
}
ORG = {
    "id": "0192d3c0-5a01-7a52-9c11-7b0f5d2e9a41",
    "name": "Engines Ltd",
    "slug": "engines-ltd",
    "currency": "USD",
    "timezone": "UTC",
    "created_at": "2026-05-04T09:30:00.000000Z",
}
PROFILE = {"id": "0192d3c0-5a02-7c08-b7d4-0e6a1f93c5b7", "role": "admin", "title": "", "phone": ""}
TOKENS = {"access_token": "eyJhbGciOi…", "refresh_token": "eyJhbGciOi…", "token_type": "bearer"}
JOINED = {**TOKENS, "user": PERSON, "org": ORG, "profile": PROFILE}
SIGNED_IN = {**TOKENS, "user": PERSON, "orgs": [{"id": ORG["id"], "name": ORG["name"], "role": "admin"}]}


class OwnPlaceSerializer(serializers.Serializer[Any]):
    """What one is in an organization."""

    id = serializers.UUIDField()
    role = serializers.CharField()
    title = serializers.CharField()
    phone = serializers.CharField()


class JoinedSerializer(TokenPairSerializer):
    """Tokens for the organization that one has joined, and who and where one is."""

    user = UserSerializer()
    org = OrgSerializer()
    profile = OwnPlaceSerializer()


class SignedInSerializer(TokenPairSerializer):
    """Tokens for the first of one's organizations; those for another: by `switch-org`, or the `org` header."""

    user = UserSerializer()
    orgs = OrgBriefSerializer(many=True)


class SwitchedSerializer(TokenPairSerializer):
    """Tokens for the organization that was asked for."""

    org = OrgSerializer()
    profile = OwnPlaceSerializer()


class MeSerializer(UserSerializer):
    """Who is signed in, where, and what they may do: `permissions` maps module and action to none, own, team or all."""

    user = UserSerializer()
    org = OrgSerializer(allow_null=True)
    profile = OwnPlaceSerializer(allow_null=True)
    role = serializers.CharField(allow_null=True)
    permissions = serializers.DictField(child=serializers.DictField(child=serializers.CharField()))
    orgs = OrgBriefSerializer(many=True)

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "user", "org", "profile", "role", "permissions", "orgs"]


class MessageSerializer(serializers.Serializer[Any]):
    message = serializers.CharField()


class InvitationSerializer(serializers.Serializer[Any]):
    """The offer that was mailed."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    role = serializers.CharField(help_text="The role's name")
    expires_at = serializers.DateTimeField()
