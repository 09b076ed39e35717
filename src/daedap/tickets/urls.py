"""Agent pages of tickets, below `/{serviceId}/tickets/`."""

from django.urls import path, register_converter

from daedap.tickets import views
from daedap.tickets.converters import TicketIdConverter

app_name = "tickets"

register_converter(TicketIdConverter, "ticket")

urlpatterns = [
    path("tickets/", views.ticket_list, name="list"),
    path("tickets/<ticket:ticket_id>/", views.ticket_detail, name="detail"),
    path("tickets/<ticket:ticket_id>/take/", views.take, name="take"),
    path("tickets/<ticket:ticket_id>/answer/", views.answer, name="answer"),
    path("tickets/<ticket:ticket_id>/comment/", views.comment, name="comment"),
    path("tickets/<ticket:ticket_id>/complete/", views.complete, name="complete"),
]
