"""Reads of the customer pages, of company information and of composition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from daedap.core.errors import NotFound
from daedap.core.html import show_document
from daedap.core.scoping import open_scope
from daedap.helpcenter.models import CompanyInformation, CompanyText, Composition
from daedap.services.models import Service, ServiceLanguage, ServiceState, ServiceType
from daedap.tickets.models import Category, CategoryName


def category_paths(categories: Iterable[int | None], language: str) -> dict[int, str]:
    """Return the path "A > B > C" of each receipt category by its key, in `language` where it has a name."""
    wanted = {pk for pk in categories if pk is not None}
    if not wanted:
        return {}
    parents: dict[int, int | None] = dict(Category.objects.values_list("pk", "parent_id"))
    names: dict[int, str] = {}
    for pk, code, name in CategoryName.objects.order_by("pk").values_list("category_id", "language", "name"):
        if code == language or pk not in names:
            names[pk] = name
    return {pk: " > ".join(_path(pk, parents, names)) for pk in wanted}


def _path(pk: int | None, parents: dict[int, int | None], names: dict[int, str]) -> list[str]:
    path: list[str] = []
    while pk is not None and len(path) < 5:
        path.insert(0, names.get(pk, ""))
        pk = parents.get(pk)
    return path


# --- Company information -------------------------------------------------------------------------


def list_company_information() -> list[CompanyInformation]:
    """Return the sets of the open organization by name, each with `used_by`: the services that show it."""
    found = list(CompanyInformation.objects.order_by("name", "pk"))
    users: dict[int, list[Service]] = {each.pk: [] for each in found}
    for composition in _compositions_of(open_scope().organization_id).order_by("service__name"):
        if composition.company_information_id in users:
            users[composition.company_information_id].append(composition.service)
    for each in found:
        each.used_by = users[each.pk]  # type: ignore[attr-defined]  # as promised above
    return found


def _compositions_of(organization_id: int) -> QuerySet[Composition]:
    """Return what the help centres of an organization show, of all its services but terminated ones."""
    compositions = Composition._base_manager.filter(organization_id=organization_id)  # noqa: SLF001  across services
    return compositions.exclude(service__state=ServiceState.STOPPED).select_related("service")


def list_services_using(information: CompanyInformation) -> list[Service]:
    """Return the services whose help centres show this set, by name; terminated ones show nothing."""
    compositions = _compositions_of(information.organization_id).filter(company_information=information)
    return [composition.service for composition in compositions.order_by("service__name")]


def get_company_information(information_id: int) -> CompanyInformation:
    """Return a set of the open organization with `texts` at hand; raise NotFound if there is none."""
    found = CompanyInformation.objects.filter(pk=information_id).prefetch_related("texts").first()
    if found is None:
        raise NotFound
    return found


def list_organization_languages() -> list[tuple[str, str]]:
    """Return code and own name of the languages that help centres of the open organization have, defaults first."""
    organization_id = open_scope().organization_id
    services = Service.objects.filter(type=ServiceType.CONSULTATION).exclude(state=ServiceState.STOPPED)
    defaults = set(services.values_list("default_language", flat=True))
    rows = ServiceLanguage._base_manager.filter(organization_id=organization_id, service__in=services)  # noqa: SLF001  across services
    names = dict(rows.order_by("order", "pk").values_list("code", "name"))
    return sorted(names.items(), key=lambda pair: pair[0] not in defaults) or [("ko", "한국어")]


def offers_help_centres() -> bool:
    """Whether the open organization has a service with a help centre, which company information is for (A80)."""
    services = Service.objects.filter(type=ServiceType.CONSULTATION).exclude(state=ServiceState.STOPPED)
    return services.exists()


def find_composition() -> Composition | None:
    """Return what the open service's help centre shows, or None if nobody ever changed it."""
    return Composition.objects.first()


def attachments_need_sign_in() -> bool:
    """Whether attachments of the open service are for their owner and agents only (spec 30, 8.4)."""
    return Composition.objects.filter(attachments_need_sign_in=True).exists()


@dataclass(frozen=True)
class Footer:
    """What stands at the foot of every page of a help centre. The HTML is clean; terms come with where they are."""

    company: str = ""
    copyright: str = ""
    terms_title: str = ""
    terms_url: str = ""


def read_footer(service: Service, language: str) -> Footer | None:
    """Return the footer of a help centre in `language`, the service's default or any; None if none is applied."""
    texts = CompanyText.objects.filter(information__compositions__service=service).defer("terms")
    text = _in_language(list(texts), language, service.default_language)
    if text is None:
        return None
    return Footer(
        company=show_document(text.company),
        copyright=show_document(text.copyright),
        terms_title=text.terms_title,
        terms_url=text.terms_url,
    )


def get_terms(service: Service, language: str) -> tuple[str, str]:
    """Return title and clean HTML of the terms of use in the footer's language; raise NotFound if there are none."""
    texts = CompanyText.objects.filter(information__compositions__service=service)
    text = _in_language(list(texts), language, service.default_language)
    if text is None or not text.terms:
        raise NotFound
    return text.terms_title, show_document(text.terms)


def _in_language(texts: list[CompanyText], language: str, default: str) -> CompanyText | None:
    """Return the text in `language`, else in `default`, else the first written; None if there is none."""
    by_language = {text.language: text for text in texts}
    found = by_language.get(language) or by_language.get(default)
    return found or min(texts, key=lambda text: text.pk, default=None)
