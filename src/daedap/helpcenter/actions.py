"""Changes of company information and of a help centre's composition (spec 10, 5.6; spec 30, sections 11 and 16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from daedap.audit.actions import record
from daedap.core.actors import Actor
from daedap.core.errors import Conflict, DaedapError, NotFound
from daedap.core.html import tidy_document
from daedap.helpcenter.models import CompanyInformation, CompanyText, Composition
from daedap.helpcenter.selectors import list_services_using
from daedap.services.models import Service, ServiceState

LONGEST_NAME = 100
LONGEST_TEXT = 2_000
LONGEST_TERMS = 100_000
LONGEST_URL = 500

_is_web_address = URLValidator(schemes=["http", "https"])


class CompanyRefused(DaedapError):
    """A rule of company information is broken; `field` says which input, `language` of which text."""

    message = _("This company information cannot be saved.")

    def __init__(self, message: object = None, *, field: str, language: str = "") -> None:
        super().__init__(message, field=field)  # type: ignore[arg-type]  # text, lazily translated
        self.language = language


class InUse(DaedapError):
    """Help centres show this company information; `services` names them (spec 30, example 52)."""

    code = 409
    message = _("Help centres show this company information.")

    def __init__(self, services: list[str]) -> None:
        super().__init__()
        self.services = services


@dataclass(frozen=True, kw_only=True)
class Texts:
    """What is said in one language. The texts may be plain or HTML, which is cleaned."""

    company: str = ""
    copyright: str = ""
    terms_title: str = ""
    terms: str = ""
    terms_url: str = ""

    def __bool__(self) -> bool:
        return any((self.company, self.copyright, self.terms_title, self.terms, self.terms_url))


@transaction.atomic
def save_company_information(
    *, organization_id: int, name: str, texts: Mapping[str, Texts], actor: Actor, information_id: int | None = None
) -> CompanyInformation:
    """Add a set of company information to the open organization, or change the one with this row number.

    `texts` are by language; a language without any text is taken out, one that is not given stays as it is. Help
    centres that use the set show the change at once. Raise CompanyRefused or NotFound.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise CompanyRefused(_("Enter a name of 1 to 100 characters."), field="name")
    checked = {language: _check(language, given) for language, given in texts.items()}
    information = CompanyInformation(organization_id=organization_id)
    if information_id is not None:
        information = _lock(information_id)
    information.name = name
    information.save()
    for language, text in checked.items():
        own = CompanyText.objects.filter(information=information, language=language)
        if not text:
            own.delete()
        elif not own.update(**vars(text)):
            CompanyText.objects.create(
                organization_id=organization_id, information=information, language=language, **vars(text)
            )
    record(
        "helpcenter.company_information_saved",
        actor=actor,
        organization_id=organization_id,
        target=str(information),
        name=name,
        languages=sorted(checked),
    )
    return information


def _check(language: str, given: Texts) -> Texts:
    """Return the texts cleaned; raise CompanyRefused naming what is too long, missing or not an address."""
    text = Texts(
        company=tidy_document(given.company),
        copyright=tidy_document(given.copyright),
        terms_title=given.terms_title.strip(),
        terms=tidy_document(given.terms),
        terms_url=given.terms_url.strip(),
    )
    for field, limit in (
        ("company", LONGEST_TEXT),
        ("copyright", LONGEST_TEXT),
        ("terms_title", LONGEST_NAME),
        ("terms", LONGEST_TERMS),
        ("terms_url", LONGEST_URL),
    ):
        if max(len(getattr(given, field)), len(getattr(text, field))) > limit:
            raise CompanyRefused(_("This text is too long."), field=field, language=language)
    if text.terms and text.terms_url:
        raise CompanyRefused(_("Enter either the text or an address, not both."), field="terms_url", language=language)
    if (text.terms or text.terms_url) and not text.terms_title:
        raise CompanyRefused(_("Enter a title for the terms of use."), field="terms_title", language=language)
    if text.terms_title and not (text.terms or text.terms_url):
        raise CompanyRefused(_("Enter the terms of use or their address."), field="terms", language=language)
    if text.terms_url:
        try:
            _is_web_address(text.terms_url)
        except ValidationError as error:
            message = _("Enter an address that begins with https:// or http://.")
            raise CompanyRefused(message, field="terms_url", language=language) from error
    return text


def _lock(information_id: int) -> CompanyInformation:
    information = CompanyInformation.objects.select_for_update(of=("self",)).filter(pk=information_id).first()
    if information is None:
        raise NotFound
    return information


@transaction.atomic
def delete_company_information(*, information_id: int, actor: Actor) -> None:
    """Delete a set of company information of the open organization; raise InUse naming who shows it, or NotFound."""
    information = _lock(information_id)
    if services := list_services_using(information):
        raise InUse([service.name for service in services])
    record(
        "helpcenter.company_information_deleted",
        actor=actor,
        organization_id=information.organization_id,
        target=str(information),
        name=information.name,
    )
    information.delete()


@transaction.atomic
def set_composition(
    *, service: Service, company_information_id: int | None, attachments_need_sign_in: bool, actor: Actor
) -> Composition:
    """Have the open service's help centre show this company information in its footer, or none (spec 30, section 11).

    With `attachments_need_sign_in` attachments are for their owner and agents only, from now on (8.4).
    Raise CompanyRefused if the organization has no such set, Conflict while the service is suspended.
    """
    locked = Service.objects.select_for_update(of=("self",), no_key=True).get(pk=service.pk)
    if locked.state != ServiceState.IN_USE:
        raise Conflict(_("The service is suspended; its settings cannot be changed."))
    information = None
    if company_information_id is not None:
        sets = CompanyInformation.objects.select_for_update(of=("self",), no_key=True)
        information = sets.filter(pk=company_information_id).first()
        if information is None:
            raise CompanyRefused(_("Choose an entry from the list."), field="company_information")
    chosen = {"company_information": information, "attachments_need_sign_in": attachments_need_sign_in}
    composition, _made = Composition.objects.update_or_create(
        service=service, defaults=chosen, create_defaults={"organization_id": service.organization_id, **chosen}
    )
    record(
        "helpcenter.composition_changed",
        actor=actor,
        organization_id=service.organization_id,
        service_id=service.pk,
        target=str(service),
        company_information=information.pk if information else None,
        attachments_need_sign_in=attachments_need_sign_in,
    )
    return composition
