"""The API's routes. A trailing slash is optional on each: the handler takes it off."""

from django.urls import path
from drf_spectacular.views import SpectacularSwaggerView

from models_app.api import needs, queries
from models_app.api.audit import AuditViewSet
from models_app.api.browsing import RecordsViewSet
from models_app.api.contracts import ContractViewSet
from models_app.api.document import DocumentView
from models_app.api.estimates import EstimatesViewSet
from models_app.api.exchanges import ExchangeViewSet
from models_app.api.forgetting import ForgetViewSet
from models_app.api.instances import InitViewSet, MetricsViewSet, ModelsViewSet
from models_app.api.labels import LabelsViewSet
from models_app.api.managing import DefaultViewSet, ReleaseViewSet, RollbackViewSet, SnapshotsViewSet
from models_app.api.model_bytes import DefaultModelViewSet, ModelViewSet
from models_app.api.model_settings import ModelSettingsViewSet
from models_app.api.predictions import LearnViewSet, PredictViewSet
from web.dispatch import threaded
from web.needs import needing

_schema = needing(needs.LOOK)(queries.take_only(threaded(DocumentView.as_view()), "format"))
_docs = needing(needs.LOOK_AT_PAGE)(threaded(SpectacularSwaggerView.as_view(url_name="schema")))
# The first two take most of the traffic, and routes are tried in their order.
urlpatterns = [
    path("predict", PredictViewSet.as_view({"post": "create"}), name="predict"),
    path("learn", LearnViewSet.as_view({"post": "create"}), name="learn"),
    path("stream", ExchangeViewSet.as_view({"post": "create"}), name="stream"),
    path("init", InitViewSet.as_view({"get": "retrieve", "post": "create"}), name="init"),
    path("model", DefaultModelViewSet.as_view({"get": "retrieve", "post": "create"}), name="default-model"),
    path(
        "model/<str:name>",
        ModelViewSet.as_view({"get": "retrieve", "post": "create", "delete": "destroy"}),
        name="model",
    ),
    path("model/<str:name>/estimates", EstimatesViewSet.as_view({"get": "retrieve"}), name="model-estimates"),
    path(
        "model/<str:name>/contract",
        ContractViewSet.as_view({"get": "retrieve", "put": "update", "post": "create"}),
        name="model-contract",
    ),
    path(
        "model/<str:name>/settings",
        ModelSettingsViewSet.as_view({"get": "retrieve", "patch": "update"}),
        name="model-settings",
    ),
    path("model/<str:name>/forget", ForgetViewSet.as_view({"post": "create"}), name="model-forget"),
    path(
        "model/<str:name>/snapshots",
        SnapshotsViewSet.as_view({"get": "retrieve", "post": "create"}),
        name="model-snapshots",
    ),
    path("model/<str:name>/rollback", RollbackViewSet.as_view({"post": "create"}), name="model-rollback"),
    path("model/<str:name>/default", DefaultViewSet.as_view({"post": "create"}), name="model-default"),
    path("model/<str:name>/release", ReleaseViewSet.as_view({"post": "create"}), name="model-release"),
    path("model/<str:name>/records", RecordsViewSet.as_view({"get": "retrieve"}), name="model-records"),
    path("models", ModelsViewSet.as_view({"get": "retrieve"}), name="models"),
    path("metrics", MetricsViewSet.as_view({"get": "retrieve"}), name="metrics"),
    path("labels", LabelsViewSet.as_view({"get": "retrieve"}), name="labels"),
    path("audit", AuditViewSet.as_view({"get": "retrieve"}), name="audit"),
    path("schema", _schema, name="schema"),
    path("docs", _docs, name="docs"),
]
