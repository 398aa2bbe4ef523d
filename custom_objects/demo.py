"""Fields, a type and a view of the organization's own, in the demo. Called inside the organization's scope."""

from typing import Any

from common.custom_fields.models import CustomField
from common.people.models import Profile
from common.records.models import MODULES
from common.saved_views.models import SavedView

from .models import CustomObject, CustomRecord

Fields = tuple[tuple[str, str, str, str, dict[str, Any]], ...]  # module, key, label, type, further
#: By the domain of the demo's organization, as are the others.
FIELDS: dict[str, Fields] = {
    "fjord.example": (
        ("leads", "group_size", "Group size", "number", {}),
        ("leads", "wants", "Wants", "multi_choice", {"options": ["Rental", "Course", "Guided tour", "Purchase"]}),
        ("leads", "season", "Season", "choice", {"options": ["Spring", "Summer", "Autumn", "Winter"]}),
        ("objects/boat", "size", "Length in metres", "number", {}),
        ("objects/boat", "bought", "Bought", "date", {}),
        ("objects/boat", "customer", "On loan to", "relation", {"target": "accounts"}),
    ),
    "lumen.example": (
        ("leads", "language", "Language", "choice", {"options": ["English", "German", "Spanish"]}),
        ("leads", "level", "Level", "choice", {"options": ["A1", "A2", "B1", "B2", "C1"]}),
        ("objects/classroom", "seats", "Seats", "number", {}),
        ("objects/classroom", "equipment", "Equipment", "multi_choice", {"options": ["Projector", "Headsets", "Whiteboard"]}),
        ("objects/classroom", "customer", "Reserved for", "relation", {"target": "accounts"}),
    ),
}
WISHES: dict[str, tuple[dict[str, Any], ...]] = {
    "fjord.example": (
        {"group_size": 12, "wants": ["Guided tour"], "season": "Summer"},
        {"group_size": 4, "wants": ["Rental", "Course"], "season": "Spring"},
        {"wants": ["Purchase"]},
        {},
    ),
    "lumen.example": ({"language": "German", "level": "B1"}, {"language": "Spanish", "level": "A1"}, {"language": "English"}),
}
#: Key, name, plural, and its records; the first has to do with a customer.
TYPES: dict[str, tuple[str, str, str, dict[str, dict[str, Any]]]] = {
    "fjord.example": (
        "boat", "Boat", "Boats",
        {
            "Skua": {"size": 5.2, "bought": "2024-03-11"},
            "Puffin": {"size": 4.4, "bought": "2025-04-02"},
            "Gannet": {"size": 5.6, "bought": "2022-06-20"},
        },
    ),
    "lumen.example": (
        "classroom", "Classroom", "Classrooms",
        {
            "Room 12": {"seats": 14, "equipment": ["Projector", "Whiteboard"]},
            "Room 14": {"seats": 8, "equipment": ["Whiteboard"]},
            "Language lab": {"seats": 20, "equipment": ["Headsets", "Projector"]},
        },
    ),
}  # fmt: skip
VIEWS: dict[str, tuple[str, dict[str, str]]] = {
    "fjord.example": ("Groups for the summer", {"cf_season": "Summer"}),
    "lumen.example": ("Who wants to learn German", {"cf_language": "German"}),
}


def add_demo(domain: str, staff: list[Profile]) -> None:
    for position, (module, key, label, type_, further) in enumerate(FIELDS[domain]):
        CustomField.objects.create(module=module, key=key, label=label, type=type_, position=position, **further)
    wishes = WISHES[domain]
    for number, lead in enumerate(MODULES["leads"].objects.order_by("created_at")):
        lead.custom_fields = wishes[number % len(wishes)]
        lead.save(update_fields=["custom_fields"])
    key, name, plural, records = TYPES[domain]
    object_ = CustomObject.objects.create(key=key, name=name, name_plural=plural)
    account = MODULES["accounts"].objects.order_by("created_at").first()
    for number, (title, values) in enumerate(records.items()):
        customer = {"customer": str(account.pk)} if account and not number else {}
        CustomRecord.objects.create(object=object_, name=title, custom_fields=values | customer)
    name, filters = VIEWS[domain]
    SavedView.objects.create(module="leads", name=name, filters=filters, shared=True, created_by=staff[0])
