"""Documents of the demo. Called inside the organization's scope."""

from django.core.files.uploadedfile import SimpleUploadedFile

from common.people.models import Profile
from common.records.serializers import add_links

from .models import Document
from .services import add_version

PRICES = "Item;Price\nTouring kayak;1890\nFamily canoe;1250\nPaddle;89\n"
FEES = "Course;Price\nEvening course, 12 weeks;640\nCompany course, per day;780\nPlacement test;45\n"
HOURS = ("Opening hours", "", (("hours.txt", "Daily from 9 to 18, in winter by appointment.\n"),))
DOCUMENTS = {  # by the domain of the demo's organization: title, description, versions as (file name, text)
    "fjord.example": (
        ("Price list", "What we charge this season", (("prices.csv", PRICES), ("spring.csv", PRICES.replace("1890", "1790")))),
        ("Terms of rental", "To be signed before a boat leaves", (("terms.txt", "Life jackets are worn on the water.\n"),)),
        HOURS,
    ),
    "lumen.example": (
        ("Course fees", "What we charge this year", (("fees.csv", FEES), ("fees-autumn.csv", FEES.replace("640", "660")))),
        (
            "Terms of enrolment",
            "To be signed before the first lesson",
            (("terms.txt", "Fees are due before the term begins.\n"),),
        ),
        HOURS,
    ),
}


def add_demo(domain: str, staff: list[Profile]) -> None:
    for title, description, versions in DOCUMENTS[domain]:
        document = Document.objects.create(title=title, description=description, created_by=staff[0])
        add_links(document, "shared_to", [profile.pk for profile in staff[1:]])
        for name, text in versions:
            add_version(document, upload=SimpleUploadedFile(name, text.encode()))
