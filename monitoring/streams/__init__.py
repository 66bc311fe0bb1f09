"""Server-Sent Events: django-eventstream's format and interfaces, over a broker that loses no burst."""
