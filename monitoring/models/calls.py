"""Call statistics: how many requests there were, and how long they took."""

from django.db import models


class CallStatistics(models.Model):
    """Counts and durations of the requests that a route has answered since `init`, refused ones too."""

    route = models.CharField(max_length=16, primary_key=True)
    n_calls = models.BigIntegerField()
    # As River keeps them: from these two numbers its objects are rebuilt exactly.
    mean_ns = models.FloatField()
    ewm_ns = models.FloatField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "call statistics"
        verbose_name_plural = "call statistics"

    def __str__(self) -> str:
        return f"{self.route}: {self.n_calls} calls"
