"""Korean banks by their three-digit clearing code (금융기관 공동코드)."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

BANKS: dict[str, str | Promise] = {
    "004": _("KB Kookmin Bank"),
    "088": _("Shinhan Bank"),
    "020": _("Woori Bank"),
    "081": _("Hana Bank"),
    "011": _("NongHyup Bank"),
    "003": _("Industrial Bank of Korea"),
    "002": _("Korea Development Bank"),
    "007": _("Suhyup Bank"),
    "023": _("SC First Bank"),
    "027": _("Citibank Korea"),
    "031": _("iM Bank"),
    "032": _("Busan Bank"),
    "034": _("Kwangju Bank"),
    "035": _("Jeju Bank"),
    "037": _("Jeonbuk Bank"),
    "039": _("Kyongnam Bank"),
    "045": _("MG Community Credit"),
    "048": _("Credit Union"),
    "071": _("Korea Post"),
    "089": _("K bank"),
    "090": _("KakaoBank"),
    "092": _("Toss Bank"),
}
