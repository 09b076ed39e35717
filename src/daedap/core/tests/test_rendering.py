"""Widgets: Django's own from Jinja2, the admin's from Django's template language."""

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget, FilteredSelectMultiple
from django.forms.renderers import get_default_renderer

from daedap.core.rendering import WidgetRenderer


def test_given_a_widget_of_django_when_drawn_then_its_value_is_escaped():
    html = forms.TextInput().render("subject", '"><script>', {"id": "x"})

    assert isinstance(get_default_renderer(), WidgetRenderer)
    assert html == '<input type="text" name="subject" value="&#34;&gt;&lt;script&gt;" id="x">'


def test_given_widgets_of_the_admin_when_drawn_then_their_own_templates_are_used():
    chosen = FilteredSelectMultiple("groups", is_stacked=False, choices=[("a", "A")])

    assert AdminTextInputWidget().render("name", "v") == '<input type="text" name="name" value="v" class="vTextField">'
    assert 'class="selectfilter"' in chosen.render("groups", ["a"])
