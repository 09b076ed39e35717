"""Sign-up: country, membership type, terms, e-mail, information, welcome (spec 10, step 1)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from daedap.accounts import sessions
from daedap.accounts.links import LinkRefused, read_link, use_link
from daedap.accounts.models import Country, LinkKind, SecondFactor
from daedap.core.errors import DaedapError
from daedap.core.requests import client_ip
from daedap.portal import actions
from daedap.portal.access import MemberRequest, member_page
from daedap.portal.drafts import SignUpDraft
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.person import shown_number
from daedap.portal.forms.signup import (
    BusinessInformationForm,
    CountryForm,
    EmailForm,
    InformationForm,
    TermsForm,
    TypeForm,
    WelcomeForm,
)
from daedap.portal.terms import READABLE, TERMS
from daedap.portal.views.answers import form_page
from daedap.portal.views.login import landing

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])
VERIFY = (LinkKind.VERIFY_EMAIL,)


def missing_step(draft: SignUpDraft, *, before: str) -> str | None:
    """Return the name of the first unfinished step that comes before `before`, or None."""
    steps = (
        ("signup", bool(draft.country)),
        ("signup-type", bool(draft.membership_type)),
        ("signup-terms", bool(draft.agreed_terms)),
        ("signup-email", draft.email_is_verified),
        ("signup-mobile", not draft.needs_mobile),
    )
    for name, finished in steps:
        if name == before:
            return None
        if not finished:
            return f"portal:{name}"
    return None


@login_not_required
@_get_or_post
def country(request: HttpRequest) -> HttpResponse:
    """1a: the country."""
    if request.user.is_authenticated:
        return redirect("portal:console")
    draft = SignUpDraft(request)
    form = CountryForm(request.POST or None, initial={"country": draft.country or Country.KR})
    if request.method == "POST":
        form = CountryForm(request.POST)
        if form.is_valid():
            draft.choose_country(form.cleaned_data["country"])
            return redirect("portal:signup-type")
    return form_page(request, "portal/signup/country.html", form, step=1)


@login_not_required
@_get_or_post
def membership_type(request: HttpRequest) -> HttpResponse:
    """1b: individual or business."""
    draft = SignUpDraft(request)
    if missing := missing_step(draft, before="signup-type"):
        return redirect(missing)
    posted = request.POST if request.method == "POST" else None
    form = TypeForm(posted, country=draft.country, initial={"membership_type": draft.membership_type or "individual"})
    if form.is_valid():
        draft.choose_type(form.cleaned_data["membership_type"])
        return redirect("portal:signup-terms")
    return form_page(request, "portal/signup/type.html", form, step=2, draft=draft, quota=settings.ORGANIZATION_QUOTA)


@login_not_required
@_get_or_post
def terms(request: HttpRequest) -> HttpResponse:
    """1c: the terms. Nothing is stored unless every required one is agreed to."""
    draft = SignUpDraft(request)
    if missing := missing_step(draft, before="signup-terms"):
        return redirect(missing)
    posted = request.POST if request.method == "POST" else None
    form = TermsForm(posted, initial=dict.fromkeys(draft.agreed_terms, True))
    if form.is_valid():
        draft.agree(form.agreed)
        return redirect("portal:signup-email")
    return form_page(request, "portal/signup/terms.html", form, step=3, documents=TERMS, readable=READABLE)


@login_not_required
@never_cache
@_get_or_post
def email(request: HttpRequest) -> HttpResponse:
    """1d, first half: the address, and waiting until its link is pressed on whichever device."""
    draft = SignUpDraft(request)
    if missing := missing_step(draft, before="signup-email"):
        return redirect(missing)
    if request.method != "POST":
        return _waiting_or_form(request, draft)
    if "other" in request.POST:
        draft.forget_email()
        return redirect("portal:signup-email")
    form = EmailForm({"email": draft.email} if "again" in request.POST else request.POST)
    if form.is_valid():
        try:
            _send_verification(request, draft, form.cleaned_data["email"])
        except DaedapError as error:
            add_refusal(form, error)
        else:
            return redirect("portal:signup-email")
    return form_page(request, "portal/signup/email.html", form, step=4)


def _send_verification(request: HttpRequest, draft: SignUpDraft, address: str) -> None:
    # First: if this refuses, the link that was mailed before still holds.
    actions.count_verification_mail(email=address, ip=client_ip(request))
    token = draft.ask_for_verification(address)
    actions.queue_verification_mail(email=address, token=token, language=get_language() or "ko")


def _waiting_or_form(request: HttpRequest, draft: SignUpDraft) -> HttpResponse:
    if not draft.email:
        return form_page(request, "portal/signup/email.html", EmailForm(), step=4)
    if not draft.email_is_verified:
        return render(request, "portal/signup/email_sent.html", {"step": 4, "draft": draft, "checked": False})
    if not actions.email_is_taken(draft.email):
        return redirect("portal:signup-information")
    form = EmailForm({"email": draft.email})
    form.is_valid()
    add_refusal(form, actions.EmailTaken())
    return form_page(request, "portal/signup/email.html", form, step=4)


@login_not_required
@never_cache
@require_safe
def email_state(request: HttpRequest) -> HttpResponse:
    """Whether the address is verified by now: asked again and again by the waiting page."""
    draft = SignUpDraft(request)
    if request.htmx and draft.email_is_verified:  # type: ignore[attr-defined]  # set by HtmxMiddleware
        return HttpResponse(status=200, headers={"HX-Redirect": request.build_absolute_uri("/signup/email/")})
    if not request.htmx:  # type: ignore[attr-defined]  # as above
        return redirect("portal:signup-email")
    return render(request, "portal/signup/_waiting.html", {"checked": True})


@login_not_required
@never_cache
@_get_or_post
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the mailed link. Opening it does nothing; its button verifies (spec 10, Mails)."""
    draft = SignUpDraft(request)
    try:
        link = use_link(token, VERIFY) if request.method == "POST" else read_link(token, VERIFY)
    except LinkRefused as error:
        return render(request, "portal/signup/verify_refused.html", {"message": error.message}, status=410)
    if request.method != "POST":
        return render(request, "portal/signup/verify.html")
    if draft.waits_for(link):
        return redirect("portal:signup-email")
    return render(request, "portal/signup/verified.html")


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@sensitive_variables("form", "facts")
@_get_or_post
def information(request: HttpRequest) -> HttpResponse:
    """1d, second half: everything else; then the account exists and is signed in."""
    draft = SignUpDraft(request)
    if missing := missing_step(draft, before=""):
        return redirect(missing)
    made = BusinessInformationForm if draft.is_business else InformationForm
    form: InformationForm = made(country=draft.country, mobile=draft.mobile)
    if request.method == "POST":
        form = made(request.POST, request.FILES, country=draft.country, mobile=draft.mobile)
        if form.is_valid():
            try:
                return _create_account(request, draft, form)
            except DaedapError as error:
                add_refusal(form, error)
    mobile = shown_number(draft.mobile, draft.country)
    return form_page(request, "portal/signup/information.html", form, step=4, draft=draft, mobile=mobile)


@sensitive_variables()
def _create_account(request: HttpRequest, draft: SignUpDraft, form: InformationForm) -> HttpResponseRedirect:
    data: dict[str, Any] = form.cleaned_data
    facts = actions.SignUp(
        country=draft.country,
        membership_type=draft.membership_type,
        terms=tuple(draft.agreed_terms),
        email=draft.email,
        link_hash=draft.link_hash,
        name=data["name"],
        password=data["password"],
        mobile=data["mobile"],
        mobile_proof=draft.mobile_proof,
        language=get_language() or "ko",
        business=actions.business_facts(data) if draft.is_business else {},
        postcode=data.get("postcode", ""),
        address=data["address"],
        address_detail=data.get("address_detail", ""),
        landline=data["landline"],
    )
    certificate = data.get("certificate")
    user = actions.sign_up(facts=facts, certificate=certificate, ip=client_ip(request))
    sessions.start_over(request)
    login(request, user, backend="daedap.accounts.backends.RealmBackend")
    return redirect("portal:welcome")


@member_page
@_get_or_post
def welcome(request: MemberRequest) -> HttpResponse:
    """1e: done. Offers 2-step login, ticked (spec 10, step 1)."""
    if request.method == "POST":
        form = WelcomeForm(request.POST)
        if form.is_valid():
            if form.cleaned_data["two_step_login"] and request.platform_member.second_factor == SecondFactor.NONE:
                actions.choose_second_factor(user=request.user, factor=SecondFactor.EMAIL, actor=request.actor)
            if settings.PAYMENT_REQUIRED and request.platform_member.may_pay:
                messages.success(request, gettext("Saved. Register a payment method next."))
            return redirect(landing(request.user))
    return form_page(request, "portal/signup/welcome.html", WelcomeForm(), step=5, member=request.platform_member)
