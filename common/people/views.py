"""Endpoints of sign-up and sign-in: the public ones, and those of whoever is signed in."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.answers import THROTTLED
from common.records.models import MODULES
from common.tenancy import no_scope

from . import answers, attempts, services, tokens
from .authentication import NOT_A_MEMBER, IsSignedIn, find_member
from .models import Profile, Session
from .permissions import ACTIONS, PROTECTED
from .serializers import (
    AcceptSerializer,
    ChangePasswordSerializer,
    EmailSerializer,
    LoginSerializer,
    OrgSerializer,
    RefreshSerializer,
    RegisterSerializer,
    ResetSerializer,
    SwitchOrgSerializer,
    TokenPairSerializer,
    UserSerializer,
    VerifySerializer,
)
from .workspaces import memberships

WRONG = "The e-mail address or the password is wrong."
BAD_REFRESH = "The refresh token is not valid, has expired, or was used before."
MAILED = "If the address has an account, a mail is on its way."
MAILED_AGAIN = "If the address has an account and is not confirmed yet, a mail is on its way."


def profile_body(profile: Profile) -> dict[str, Any]:
    return {"id": profile.pk, "role": profile.role.name, "title": profile.title, "phone": profile.phone}


def permissions_of(profile: Profile) -> dict[str, dict[str, str]]:
    """How far the person may do each action, in every module by its name."""
    modules = sorted({*MODULES, *PROTECTED})
    return {module: {action: profile.scope_for(module, action) for action in ACTIONS} for module in modules}


def joined(profile: Profile) -> dict[str, Any]:
    """What a new member gets: tokens, and who and where they are."""
    pair = tokens.token_pair(tokens.start_session(profile.user), profile.org)
    return pair | {
        "user": UserSerializer(profile.user).data,
        "org": OrgSerializer(profile.org).data,
        "profile": profile_body(profile),
    }


def org_list(profiles: list[Profile]) -> list[dict[str, Any]]:
    return [{"id": profile.org_id, "name": profile.org.name, "role": profile.role.name} for profile in profiles]


class PeopleView(APIView):
    serializer_class: Any

    def validated(self, request: Request) -> dict[str, Any]:
        serializer = self.serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class PublicView(PeopleView):
    """Needs no token, and works outside any org. Every subclass is on the tested list of public endpoints."""

    authentication_classes = []
    permission_classes = []

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with no_scope():
            return super().dispatch(request, *args, **kwargs)

    def get_authenticate_header(self, request: Request) -> str:
        """Without it, a refused password or token would be a 403."""
        return "Bearer"


class SignedInView(PeopleView):
    permission_classes = [IsSignedIn]


class RegisterView(PublicView):
    """Sign up: a new account and its organization, of which it is the admin."""

    serializer_class = RegisterSerializer

    @extend_schema(
        summary="Sign up: a new account and its organization",
        description="You are the admin of that organization. Without `org_name` it is named after you.",
        responses={201: answers.JoinedSerializer, 409: services.ADDRESS_TAKEN, 429: THROTTLED},
        examples=[
            OpenApiExample(
                "Sign up",
                {"email": "ada@example.com", "password": "a long passphrase", "name": "Ada Byron", "org_name": "Engines Ltd"},
                request_only=True,
            ),
            OpenApiExample("Signed up", answers.JOINED, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        values = self.validated(request)
        attempts.check(request, "register", values["email"])
        return Response(joined(services.register(**values)), status=status.HTTP_201_CREATED)


class LoginView(PublicView):
    """Sign in with e-mail address and password."""

    serializer_class = LoginSerializer

    @extend_schema(
        responses={200: answers.SignedInSerializer, 401: WRONG, 429: THROTTLED},
        examples=[
            OpenApiExample("Sign in", {"email": "ada@example.com", "password": "a long passphrase"}, request_only=True),
            OpenApiExample("Signed in", answers.SIGNED_IN, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        values = self.validated(request)
        attempts.check(request, "login", values["email"])
        user = services.authenticate(**values)
        if user is None:
            attempts.failed(request, values["email"])
            raise AuthenticationFailed(WRONG)
        attempts.succeeded(request, values["email"])
        profiles = memberships(user)
        pair = tokens.token_pair(tokens.start_session(user), profiles[0].org if profiles else None)
        return Response(pair | {"user": UserSerializer(user).data, "orgs": org_list(profiles)})


class RefreshView(PublicView):
    """Exchange a refresh token for a new pair. Each refresh token works once."""

    serializer_class = RefreshSerializer

    @extend_schema(responses={200: TokenPairSerializer, 401: BAD_REFRESH})
    def post(self, request: Request) -> Response:
        try:
            session, org_id = tokens.rotate(self.validated(request)["refresh_token"])
        except tokens.Reused as error:
            Session.objects.filter(pk=error.session.pk).update(ended_at=timezone.now())
            return self.ended(error)
        except tokens.BadToken as error:
            raise AuthenticationFailed(str(error)) from error
        profile = find_member(session.user_id, org_id) if org_id else None
        return Response(tokens.token_pair(session, profile.org if profile else None))

    def ended(self, error: tokens.BadToken) -> Response:
        """The refusal, with which the end of the session is kept."""
        response = self.handle_exception(AuthenticationFailed(str(error)))
        response.keep_changes = True
        return response


class LogoutView(PublicView):
    """End the session of a refresh token: it and its access tokens are dead at once."""

    serializer_class = RefreshSerializer

    @extend_schema(responses={204: None, 401: BAD_REFRESH})
    def post(self, request: Request) -> Response:
        try:
            claims = tokens.read_token(self.validated(request)["refresh_token"], "refresh")
        except tokens.BadToken as error:
            raise AuthenticationFailed(str(error)) from error
        Session.objects.filter(pk=claims["sid"], ended_at=None).update(ended_at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(SignedInView):
    """Who is signed in, where, and what they may do there. The user's own fields stand at the top, too."""

    @extend_schema(responses=answers.MeSerializer)
    def get(self, request: Request) -> Response:
        user, profile = request.user, request._request.profile
        body = dict(UserSerializer(user).data)
        return Response(
            body
            | {
                "user": body,
                "org": OrgSerializer(profile.org).data if profile else None,
                "profile": profile_body(profile) if profile else None,
                "role": profile.role.name if profile else None,
                "permissions": permissions_of(profile) if profile else {},
                "orgs": org_list([profile] if request._request.api_key else memberships(user)),
            }
        )


class SwitchOrgView(SignedInView):
    """A token pair for another organization that one belongs to."""

    serializer_class = SwitchOrgSerializer

    @extend_schema(responses={200: answers.SwitchedSerializer, 403: NOT_A_MEMBER})
    def post(self, request: Request) -> Response:
        org_id = self.validated(request)["org"]
        profile = find_member(request.user.pk, org_id)
        if profile is None:
            raise PermissionDenied(NOT_A_MEMBER)
        pair = tokens.token_pair(tokens.start_session(request.user), profile.org)
        return Response(pair | {"org": OrgSerializer(profile.org).data, "profile": profile_body(profile)})


class LinkByMailView(PublicView):
    """Has a link mailed, by ``ask(email)``, and answers the same for any address. ``limit`` counts the tries."""

    serializer_class = EmailSerializer
    limit: str
    message: str
    ask: Callable[[str], None]

    @extend_schema(responses={200: answers.MessageSerializer, 429: THROTTLED})
    def post(self, request: Request) -> Response:
        email = self.validated(request)["email"]
        attempts.check(request, self.limit, email)
        self.ask(email)
        return Response({"message": self.message})


class ForgotPasswordView(LinkByMailView):
    """Ask for a mail with a link to choose a new password. The answer is the same for any address."""

    limit, message, ask = "forgot", MAILED, staticmethod(services.request_password_reset)


class ResetPasswordView(PublicView):
    """Choose a new password with the token of the mail. Every session of the account ends."""

    serializer_class = ResetSerializer

    @extend_schema(responses={200: answers.MessageSerializer, 429: THROTTLED})
    def post(self, request: Request) -> Response:
        attempts.check(request, "reset")
        services.reset_password(**self.validated(request))
        return Response({"message": "The password was changed. Sign in with it."})


class ChangePasswordView(SignedInView):
    """Choose a new password. Every other session of the account ends."""

    serializer_class = ChangePasswordSerializer

    @extend_schema(responses={200: answers.MessageSerializer, 429: THROTTLED})
    def post(self, request: Request) -> Response:
        values, user = self.validated(request), request.user
        attempts.check(request, "change", user.email)
        if not user.check_password(values["old_password"]):
            attempts.failed(request, user.email)
            raise ValidationError({"old_password": ["The password is wrong."]})
        attempts.succeeded(request, user.email)
        services.set_password(user, values["password"], keep_session=request.auth["sid"])
        return Response({"message": "The password was changed."})


class VerifyEmailView(PublicView):
    """Confirm an e-mail address with the token of the mail."""

    serializer_class = VerifySerializer

    @extend_schema(responses={200: UserSerializer, 429: THROTTLED})
    def post(self, request: Request) -> Response:
        attempts.check(request, "verify")
        return Response(UserSerializer(services.verify_email(**self.validated(request))).data)


class ResendVerificationView(LinkByMailView):
    """Have the mail that confirms an address sent again. The answer is the same for any address."""

    limit, message, ask = "resend", MAILED_AGAIN, staticmethod(services.request_verification)


class AcceptInvitationView(PublicView):
    """Join an organization with the token of the invitation's mail.

    A new person gives name and password, the owner of an account their password; signed in, they need neither.
    """

    serializer_class = AcceptSerializer

    @extend_schema(
        responses={201: answers.JoinedSerializer, 429: THROTTLED},
        auth=[{}, {"bearer": []}],  # type: ignore[list-item]
        examples=[
            OpenApiExample("As a new person", {"token": "…", "name": "Grace", "password": "a passphrase"}, request_only=True),
            OpenApiExample("Signed in", {"token": "…"}, request_only=True),
            OpenApiExample("Joined", answers.JOINED, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        attempts.check(request, "accept")
        values = self.validated(request)
        address = services.find_invitation(values["token"]).email
        attempts.check(request, "login", address)
        try:
            profile = services.accept_invitation(**values, signed_in=request._request.bearer_user)
        except services.WrongPassword:
            attempts.failed(request, address)
            raise
        return Response(joined(profile), status=status.HTTP_201_CREATED)
