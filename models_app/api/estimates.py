"""/api/model/NAME/estimates: what another policy would have earned."""

import math
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, schemas
from models_app.domain import errors
from models_app.domain.off_policy import Estimate
from models_app.services import evaluating
from models_app.services.evaluating import MAX_RECORDS, N_RECORDS
from models_app.services.policies import OF_ARM, OF_MODEL, POLICY, UNIFORM
from web.dispatch import ThreadedViewSet

RECORDS = queries.Whole(
    name="records",
    highest=MAX_RECORDS,
    default=N_RECORDS,
    description=f"of the journal, the newest, at most; {N_RECORDS:,} without it",
)
_NUMBER = {"type": "number", "nullable": True}
_ESTIMATE = {
    **schemas.full(value=_NUMBER, standard_error=_NUMBER),
    "description": "A mean reward; null where there is nothing to estimate it from.",
}
ESTIMATES = schemas.full(
    model={"type": "string"},
    policy={"type": "string"},
    served={**_ESTIMATE, "description": "The mean reward that the model has earned by the same pulls."},
    ips=_ESTIMATE,
    snips=_ESTIMATE,
    doubly_robust=_ESTIMATE,
    rewards={"type": "integer", "description": "Those used."},
    effective_rewards={"type": "number", "description": "How many of the policy's own would say as much."},
    mean_weight={**_ESTIMATE, "description": "Near 1 where the pulls cover what the policy does."},
    covered={"type": "boolean", "description": "Whether it is that near."},
    records={
        "type": "integer",
        "description": "The records of the journal that were read, pulls and rewards.",
    },
    cut={"type": "boolean", "description": "Whether there was no time for the newest of those asked for."},
    notes={"type": "array", "items": {"type": "string"}},
)


class EstimatesViewSet(ThreadedViewSet):
    """Estimates of another policy."""

    @describing.operation(
        need=needs.LOOK_AT_POLICY,
        operation_id="estimate_policy",
        summary="Estimate another policy of a bandit",
        description="What the policy would have earned in the place of the model, in the mean, from the "
        "newest pulls and rewards in its journal.",
        responses={200: ESTIMATES},
        refusals=[
            errors.EvaluationsBusy,
            errors.ModelBusy,
            errors.ModelNotFound,
            errors.ModelNotLoadable,
            errors.ModelNotSuitable,
            errors.ModelRaised,
        ],
    )
    @queries.takes(
        OpenApiParameter(
            POLICY,
            str,
            description=f"`{UNIFORM}` (also without it): all arms alike; `{OF_ARM}ARM`: always that arm, "
            f'where it can be pulled, `{OF_ARM}3` an integer and `{OF_ARM}"3"` a string; '
            f"`{OF_MODEL}NAME`: another bandit of the server, as it is now",
        ),
        RECORDS.described,
    )
    def retrieve(self, request: Request, name: str) -> Response:
        """Return the estimates."""
        policy = request.query_params.get(POLICY, UNIFORM)
        evaluation = evaluating.evaluate_named(model=name, policy=policy, n_records=RECORDS.of(request))
        found = evaluation.estimates
        return Response(
            {
                "model": name,
                "policy": policy,
                "served": _shown(found.served),
                "ips": _shown(found.ips),
                "snips": _shown(found.snips),
                "doubly_robust": _shown(found.doubly_robust),
                "rewards": found.n,
                "effective_rewards": found.effective_n,
                "mean_weight": _shown(found.mean_weight),
                "covered": found.is_covered,
                "records": evaluation.n_records,
                "cut": evaluation.is_cut,
                "notes": evaluation.notes,
            }
        )


def _shown(estimate: Estimate) -> dict[str, Any]:
    return {"value": _finite(estimate.value), "standard_error": _finite(estimate.standard_error)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
