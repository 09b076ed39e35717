"""Staff's pages about help centres. A name of their own, because an IP ACL covers them and not the customers' pages."""

from django.urls import path

from daedap.helpcenter import views_company

app_name = "helpcenter_admin"

urlpatterns = [
    path("admin/company-information/", views_company.company_list, name="company_list"),
    path("admin/company-information/add/", views_company.company_add, name="company_add"),
    path("admin/company-information/<int:information_id>/", views_company.company_edit, name="company_edit"),
    path("admin/company-information/<int:information_id>/delete/", views_company.company_delete, name="company_delete"),
    path("<service:service_id>/settings/help-center/composition/", views_company.composition, name="composition"),
]
