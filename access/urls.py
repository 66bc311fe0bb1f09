"""The pages to log in and out, and tickets."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from access.views import TicketViewSet
from web.needs import OPEN, needing

_open = needing(OPEN)
urlpatterns = [
    path("login/", _open(LoginView.as_view(template_name="access/login.html")), name="login"),
    path("logout/", _open(LogoutView.as_view()), name="logout"),
    path("api/ticket", TicketViewSet.as_view({"post": "create"}), name="ticket"),
]
