"""The embedded PostgreSQL server."""

import hashlib
import os
import tempfile
from pathlib import Path


def database_url(home: Path) -> str:
    """Return the address of the embedded database that belongs to `home`, whether or not it is running."""
    mark = hashlib.sha256(str(home / "pg").encode()).hexdigest()[:12]
    socket_folder = Path(tempfile.gettempdir()) / f"daedap-{os.geteuid()}-{mark}"
    return f"postgresql://daedap@/daedap?host={socket_folder}"
