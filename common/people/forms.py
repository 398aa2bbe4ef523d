"""The forms of sign-up and sign-in, as a browser sends them."""

import math
from collections.abc import Callable
from typing import Any

from django import forms
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.serializers import as_serializer_error

from common.records.pack_data import PACKS

from . import attempts
from .models import Role, User


class NameField(forms.CharField):
    """A name of one line: whatever white space is in it becomes single spaces."""

    def __init__(self, *, autocomplete: str = "name", **kwargs: Any):
        super().__init__(max_length=150, **kwargs)
        self.widget.attrs["autocomplete"] = autocomplete

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value)).split())


class AddressField(forms.EmailField):
    def __init__(self, *, label: str = "E-mail", autocomplete: str = "username"):
        super().__init__(label=label, max_length=254)
        self.widget.attrs["autocomplete"] = autocomplete


class PasswordField(forms.CharField):
    """``new``: one is being chosen, so that password managers offer to make it."""

    def __init__(self, *, label: str = "Password", new: bool = False):
        help_text = "At least 8 characters. A few random words make a good one." if new else ""
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password" if new else "current-password"})
        super().__init__(label=label, max_length=128, strip=False, help_text=help_text, widget=widget)


class PageForm(forms.Form):
    """A form that says what was wrong, be it a field, a service's refusal, or too many tries."""

    #: What its submissions count as, where they are limited.
    limit = ""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.result: Any = None
        self.status = 400 if self.is_bound else 200
        self.retry_after = 0

    def submit(self, request: Any, action: Callable[..., Any], *, address: str = "") -> bool:
        """Call ``action`` with what was sent and keep its ``result``. False where that did not work; the form says why."""
        if not self.is_valid():
            return False
        try:
            if self.limit:
                attempts.check(request, self.limit, address or self.cleaned_data.get("email", ""))
            self.result = action(**self.cleaned_data)
        except APIException as error:
            self.refuse(error)
            return False
        return True

    def refuse(self, error: APIException) -> None:
        """Show an error of the API's kind, beside its field if the form has it."""
        self.status = error.status_code
        if error.status_code == 429:
            self.retry_after = math.ceil(getattr(error, "wait", None) or 1)
            self.add_error(None, f"Too many tries. Please wait {seconds(self.retry_after)} and try again.")
            return
        details = as_serializer_error(error) if isinstance(error, ValidationError) else {"": [error.detail]}
        for name, messages in details.items():
            for message in messages:
                self.add_error(name if name in self.fields else None, str(message))


def seconds(count: int) -> str:
    return "a second" if count == 1 else f"{count} seconds"


class SignUpForm(PageForm):
    limit = "register"

    name = NameField(label="Your name")
    email = AddressField()
    org_name = NameField(
        label="Organization", autocomplete="organization", help_text="The company or team whose customers you look after."
    )
    starter_pack = forms.ChoiceField(
        label="Begin with",
        choices=[(pack.name, f"{pack.label} – {pack.description}") for pack in PACKS.values()],
        initial="sales",
        required=False,
        help_text="Stages, fields and roles that suit you. All of it can be changed later.",
    )
    password = PasswordField(new=True)

    def clean_starter_pack(self) -> str:
        return self.cleaned_data["starter_pack"] or "sales"


class LoginForm(PageForm):
    limit = "login"

    email = AddressField()
    password = PasswordField()


class ForgotPasswordForm(PageForm):
    limit = "forgot"

    email = AddressField()


class TokenForm(PageForm):
    """The token of a mailed link, carried on in a hidden field so that no further address has it."""

    limit = "verify"

    token = forms.CharField(max_length=1000, widget=forms.HiddenInput)


class VerifyWithPasswordForm(TokenForm):
    """For an address that makes its owner staff of the platform."""

    password = PasswordField(label="New password", new=True)


class ResetPasswordForm(TokenForm):
    limit = "reset"

    password = PasswordField(label="New password", new=True)


class ResendForm(PageForm):
    """For who is signed in: the link goes to their own address."""

    limit = "resend"


class AcceptForm(TokenForm):
    """For who is signed in."""

    limit = "accept"


class AcceptWithPasswordForm(AcceptForm):
    """For who has an account. It counts as a sign-in."""

    limit = "login"

    password = PasswordField(label="Your password")


class AcceptAsNewForm(AcceptForm):
    """For who is new."""

    name = NameField(label="Your name")
    password = PasswordField(label="Choose a password", new=True)


def accept_form_for(address: str, signed_in: Any) -> type[AcceptForm]:
    """What the invited person has to give to join."""
    if signed_in is not None:
        return AcceptForm
    return AcceptWithPasswordForm if User.objects.filter(email=address).exists() else AcceptAsNewForm


class InviteForm(PageForm):
    """``roles``: those that the person who invites may give away."""

    limit = "invite"

    email = AddressField(label="Their e-mail", autocomplete="off")
    role = forms.ChoiceField()

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.roles = {str(role.pk): role for role in roles}
        field: Any = self.fields["role"]
        field.choices = [(pk, described(role)) for pk, role in self.roles.items()]
        field.initial = next((pk for pk, role in self.roles.items() if role.name == "user"), None)

    def clean_role(self) -> Role:
        return self.roles[self.cleaned_data["role"]]


def described(role: Role) -> str:
    name = role.name.capitalize() if role.is_system else role.name
    return f"{name} – {role.description}" if role.description else name
