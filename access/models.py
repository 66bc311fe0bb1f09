"""The table of tokens."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Length

models.CharField.register_lookup(Length)


class ApiToken(models.Model):
    """What is known of a token. The token itself is not: who has it has shown it once."""

    name = models.CharField(max_length=100, help_text="Who or what uses it.")
    #: The SHA-256 of the token, in hexadecimal digits.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    #: Patterns of the names of models that it is for; none: all.
    patterns: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list, blank=True)
    #: How often it may do what, as `web.rates.read_rate` reads it.
    rates: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list, blank=True)
    #: What it may have at a time; none: as much as there is room for.
    max_models = models.PositiveBigIntegerField(null=True, blank=True)
    max_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    max_pending = models.PositiveBigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API token"
        constraints: ClassVar = [
            # A name means one token: that is how it is revoked.
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(revoked_at__isnull=True), name="one_valid_token_of_a_name"
            ),
            models.CheckConstraint(condition=models.Q(digest__length=64), name="token_digest_is_a_sha256"),
        ]

    def __str__(self) -> str:
        return self.name
