"""The gallery of interface parts at `{base}/-/ui/`, for development and the demo."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

STATES = [
    ("new", _("Unassigned")),
    ("open", _("Processing")),
    ("reply", _("Pending")),
    ("issue_open", _("Transferred")),
    ("solved", _("Resolved")),
    ("closed", _("Completed")),
    ("spam", _("Spam")),
]
PRIORITIES = [("urgent", _("Urgent")), ("high", _("High")), ("normal", _("Normal")), ("low", _("Low"))]


class SampleForm(forms.Form):
    """One field of every kind."""

    name = forms.CharField(label=_("Name"), max_length=40)
    email = forms.EmailField(label=_("E-mail"), help_text=_("We send the confirmation to this address."))
    domain = forms.SlugField(label=_("Domain"), min_length=3, max_length=40)
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput, min_length=8)
    kind = forms.ChoiceField(
        label=_("Member type"),
        choices=[("individual", _("Individual")), ("business", _("Business"))],
        widget=forms.RadioSelect,
    )
    language = forms.ChoiceField(label=_("Language"), choices=[("", "–"), ("ko", "한국어"), ("en", "English")])
    channels = forms.MultipleChoiceField(
        label=_("Notifications"),
        choices=[("mail", _("Mail")), ("browser", _("Browser")), ("sms", _("Text message"))],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    meeting = forms.SplitDateTimeField(
        label=_("Callback time"),
        required=False,
        widget=forms.SplitDateTimeWidget(date_attrs={"type": "date"}, time_attrs={"type": "time"}),
    )
    memo = forms.CharField(label=_("Content"), widget=forms.Textarea(attrs={"rows": 4}), required=False)
    attachment = forms.FileField(label=_("Attachment"), required=False, help_text=_("Up to 10 MB."))
    agree = forms.BooleanField(label=_("I agree to the collection and use of my personal information"))
    notify = forms.BooleanField(label=_("Notify me of answers"), required=False)
    locked = forms.CharField(label=_("Organization ID"), disabled=True, required=False, initial="aB3dE5fG7hJ9kL1m")


@login_not_required
def gallery(request: HttpRequest) -> HttpResponse:
    """Show every part in its states. Not there unless the installation is for development or the demo."""
    if not settings.DEVELOPMENT_PAGES:
        raise Http404
    return render(request, "core/gallery.html", sample_context(page=request.GET.get("page", "4")))


def sample_context(page: str = "4") -> dict[str, Any]:
    """Return what core/gallery.html shows."""
    wrong = SampleForm(
        {"name": "", "email": "hong@", "domain": "a b", "kind": "individual", "memo": "배송이 안 왔어요"}
    )
    wrong.is_valid()
    wrong.add_error(None, str(_("This domain was taken a moment ago. Please choose another one.")))
    return {
        "blank": SampleForm(initial={"kind": "individual", "notify": True}, auto_id="blank_%s"),
        "wrong": wrong,
        "states": STATES,
        "priorities": PRIORITIES,
        "page": _page(page),
        "rows": [
            ("T1658000000000aB3dE", "배송이 안 왔어요", "open", _("Processing"), "urgent", _("Urgent"), 12),
            ("T1658000000001cD4eF", "환불은 언제 되나요?", "new", _("Unassigned"), "normal", _("Normal"), 3),
            ("T1658000000002eF5gH", "비밀번호를 바꾸고 싶어요", "solved", _("Resolved"), "low", _("Low"), 1204),
        ],
    }


def _page(number: str) -> Page[int]:
    return Paginator(range(1, 241), 10).get_page(number)
