"""A lean ASGI server for Django views, on uvicorn. It knows nothing of the application that it serves."""
