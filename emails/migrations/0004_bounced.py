from django.db import migrations, models

from common.tenancy.migrations import GroupedMigration


class Migration(GroupedMigration):

    dependencies = [
        ('emails', '0003_sending'),
    ]

    operations = [
        migrations.AlterField(
            model_name='email',
            name='error',
            field=models.TextField(blank=True, editable=False, help_text="Why it did not go out, or not arrive, in a mail server's words"),
        ),
        migrations.AlterField(
            model_name='email',
            name='status',
            field=models.CharField(choices=[('draft', 'Draft'), ('scheduled', 'Scheduled'), ('sending', 'Sending'), ('sent', 'Sent'), ('failed', 'Failed'), ('bounced', 'Bounced'), ('received', 'Received')], default='draft', editable=False, max_length=10),
        ),
    ]
