"""The pages of sign-up and sign-in."""

urlpatterns: list = []
