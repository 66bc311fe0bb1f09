"""The pages to log in and out, and tickets."""

from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.urls import path

from access.views import LogIn, TicketViewSet
from web.needs import OPEN, needing

_open = needing(OPEN)
urlpatterns = [
    path("login/", _open(LogIn.as_view()), name="login"),
    path("logout/", _open(LogoutView.as_view()), name="logout"),
    path("api/ticket", TicketViewSet.as_view({"post": "create"}), name="ticket"),
]

if settings.OIDC_ISSUER:
    from access.openid import views as openid

    urlpatterns += [
        path("login/openid/", _open(openid.log_in), name="openid-login"),
        path("login/openid/callback/", _open(openid.callback), name="openid-callback"),
    ]
