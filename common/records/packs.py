"""Starter packs: the pipelines that an organization begins with."""

from dataclasses import dataclass

from .models import Pipeline, Stage

Stages = tuple[tuple[str, str, int], ...]  # name, kind, probability in percent


@dataclass(frozen=True)
class Pack:
    name: str
    pipelines: dict[str, tuple[str, Stages]]  # module -> pipeline's name, stages


SALES = Pack(
    name="sales",
    pipelines={
        "leads": (
            "Leads",
            (
                ("Interest", "open", 10),
                ("Meeting booked", "open", 30),
                ("Proposal sent", "open", 60),
                ("Closed win", "won", 100),
                ("Closed lost", "lost", 0),
            ),
        ),
        "opportunities": (
            "Sales",
            (
                ("Qualification", "open", 20),
                ("Proposal", "open", 50),
                ("Negotiation", "open", 75),
                ("Won", "won", 100),
                ("Lost", "lost", 0),
            ),
        ),
    },
)


def apply_pack(pack: Pack) -> None:
    """Give the org of the scope the pack's pipelines, each the default of its module."""
    for module, (name, stages) in pack.pipelines.items():
        pipeline = Pipeline.objects.create(module=module, name=name, is_default=True)
        Stage.objects.bulk_create(
            Stage(pipeline=pipeline, name=stage, kind=kind, probability=probability, position=position)
            for position, (stage, kind, probability) in enumerate(stages)
        )
