"""All that rests on parts of uvicorn which it keeps to itself. Nothing else here touches such parts.

The other modules subclass these classes, use the attributes that are named here, and override nothing of
uvicorn's.
"""

#: The versions of uvicorn that this was tested with, as `requirements.txt` has them.
TESTED_VERSIONS = ">=0.54,<0.55"
