from typing import Any

from django.core.management import BaseCommand, CommandError

from crm import demo


class Command(BaseCommand):
    help = "Load the demo: two organizations with people and records. Never in production."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--yes", action="store_true", help="also into a database that is not empty, without asking")

    def handle(self, *args: Any, yes: bool, **options: Any) -> None:
        try:
            if not demo.is_loaded():
                if not (yes or demo.is_empty() or self.agreed()):
                    raise CommandError("Nothing was changed.")
                demo.load()
        except demo.DemoRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(demo.logins())

    def agreed(self) -> bool:
        question = "The database holds organizations already. Add the demo's accounts, whose password is public? [y/N] "
        try:
            return input(question).strip().lower() in ("y", "yes")
        except EOFError:
            return False
