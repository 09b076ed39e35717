"""What the shop is told by its environment."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Config:
    """Where the shop listens and which help centre it belongs to."""

    host: str = "127.0.0.1"
    port: int = 9000
    oc_base_url: str = "http://demo.oc.localhost:8000"
    oc_service: str = ""
    oc_post_service: str = ""
    post_url: str = ""
    oc_key: str = ""
    oc_key_file: str = ""
    same_site: str = "lax"

    @classmethod
    def from_environment(cls) -> "Config":
        """Read the variables that the README lists."""
        env = os.environ.get
        same_site = env("SHOP_COOKIE_SAMESITE", cls.same_site).lower()
        if same_site not in {"lax", "none"}:
            raise SystemExit("SHOP_COOKIE_SAMESITE is lax or none.")
        return cls(
            host=env("SHOP_HOST", cls.host),
            port=int(env("SHOP_PORT", str(cls.port))),
            oc_base_url=env("OC_BASE_URL", cls.oc_base_url).rstrip("/"),
            oc_service=env("OC_SERVICE", ""),
            oc_post_service=env("OC_POST_SERVICE", ""),
            post_url=env("SHOP_POST_URL", "").rstrip("/"),
            oc_key=env("OC_KEY", ""),
            oc_key_file=env("OC_KEY_FILE", ""),
            same_site=same_site,
        )

    @property
    def key(self) -> str:
        """The organization Key. A file is read anew each time, so that a changed key needs no restart."""
        if self.oc_key_file:
            path = Path(self.oc_key_file)
            return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
        return self.oc_key

    @property
    def post_service(self) -> str:
        """The service that is connected by the POST method; the same one unless it was named."""
        return self.oc_post_service or self.oc_service

    @property
    def ready(self) -> bool:
        """Whether the shop can sign at all."""
        return bool(self.oc_service and self.key)

    @property
    def oc_origin(self) -> str:
        """The help centre's origin, the only one that may ask for the login status."""
        parts = urlsplit(self.oc_base_url)
        return f"{parts.scheme}://{parts.netloc}"
