"""Every mail on one page at `{base}/-/mail/templates/`, for development and the demo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from daedap.core.errors import NotFound
from daedap.core.mail.letters import render_letter
from daedap.core.mail.samples import Sample, find_sample, list_samples
from daedap.core.views import mail_frame


@login_not_required
@require_safe
def mail_samples(request: HttpRequest) -> HttpResponse:
    """List a sample of each mail, in every language, as HTML and as text."""
    shown = [{"kind": sample.kind, "versions": _versions(sample)} for sample in list_samples()]
    return render(request, "core/mail_samples.html", {"samples": shown})


def _versions(sample: Sample) -> list[dict[str, Any]]:
    versions = []
    for language, name in settings.LANGUAGES:
        letter = sample.compose(language)
        _html, text = render_letter(letter, language=language, sender=sample.sender)
        versions.append({"language": language, "name": name, "subject": letter.subject, "text": text})
    return versions


@login_not_required
@require_safe
@xframe_options_sameorigin
@mail_frame
def mail_sample_html(request: HttpRequest, kind: str, language: str) -> HttpResponse:
    """The HTML part of one sample, for the sandboxed frame around it."""
    sample = find_sample(kind)
    if sample is None or language not in dict(settings.LANGUAGES):
        raise NotFound
    html, _text = render_letter(sample.compose(language), language=language, sender=sample.sender)
    return HttpResponse(html.replace("<head>", '<head><base target="_top">', 1))
