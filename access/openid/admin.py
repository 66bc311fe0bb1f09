"""What django-allauth has in the admin, without what is not used here."""

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialApp, SocialToken
from django.contrib import admin

for _model in (EmailAddress, SocialApp, SocialToken):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
