"""The URL dialects of earlier systems."""

urlpatterns: list = []
