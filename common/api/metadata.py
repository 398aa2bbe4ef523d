"""What OPTIONS answers."""

from typing import Any

from rest_framework.metadata import SimpleMetadata


class Metadata(SimpleMetadata):
    """What an endpoint is for and which media types it speaks. Its fields are in the schema.

    The framework's own list of actions looks the row of the path up, past ``visible_to``: it would tell of hidden records.
    """

    def determine_actions(self, request: Any, view: Any) -> dict[str, Any]:
        return {}
