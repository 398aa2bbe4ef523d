"""The endpoint of an org's number series."""

from rest_framework.exceptions import ValidationError

from .numbers import NumberSeries
from .serializers import BASE_FIELDS, ProjectedSerializer
from .tenant_views import TenantViewSet


class NumberSeriesSerializer(ProjectedSerializer):
    class Meta:
        model = NumberSeries
        fields = [*BASE_FIELDS, "name", "format", "year", "next_number"]
        read_only_fields = ["year"]
        extra_kwargs = {"next_number": {"min_value": 1, "help_text": "May be raised, never lowered"}}

    def validate_name(self, name: str) -> str:
        if self.instance and self.instance.name != name:
            raise ValidationError("A series keeps its name.")
        return name

    def validate_next_number(self, number: int) -> int:
        if self.instance and number < self.instance.next_number:
            raise ValidationError("Numbers that were given stay given: a series may only go on from a higher one.")
        return number


class NumberSeriesViewSet(TenantViewSet):
    """How invoices, estimates and credit notes are numbered."""

    http_method_names = ["get", "post", "put", "patch", "head", "options"]
    queryset = NumberSeries.objects.all()
    serializer_class = NumberSeriesSerializer
    module = "organization"
    example = {"name": "invoice", "format": "INV-{year}-{number:04d}", "next_number": 1}
    filterset_fields = ["name"]
    default_order = ["name"]
    more_orders = ["name"]
