"""The project shell: configuration, settings, routes, the ASGI application and its guard."""
