"""Log-in by OpenID Connect, with django-allauth; imported only where it is configured."""
