"""Addresses of the platform site."""

from django.urls import path

from daedap.portal.views import (
    account,
    console,
    expired_password,
    home,
    login,
    members,
    mobile,
    payment,
    payment_add,
    people,
    second_factor,
    settings,
    signup,
    wizard,
)

app_name = "portal"

_ORGANIZATION = "console/<str:public_id>/"
_WIZARD = f"{_ORGANIZATION}online-contact/"

urlpatterns = [
    path("", home.home, name="home"),
    path("terms/<str:code>/", home.terms, name="terms"),
    # Sign-up
    path("signup/", signup.country, name="signup"),
    path("signup/type/", signup.membership_type, name="signup-type"),
    path("signup/terms/", signup.terms, name="signup-terms"),
    path("signup/email/", signup.email, name="signup-email"),
    path("signup/email/state/", signup.email_state, name="signup-email-state"),
    path("signup/verify/<str:token>/", signup.verify, name="signup-verify"),
    path("signup/mobile/", mobile.at_sign_up, name="signup-mobile"),
    path("signup/information/", signup.information, name="signup-information"),
    path("welcome/", signup.welcome, name="welcome"),
    # Sign-in
    path("login/", login.log_in, name="login"),
    path("login/code/", login.code, name="login-code"),
    path("login/change-password/", expired_password.change, name="expired-password"),
    path("logout/", login.log_out, name="logout"),
    path("login/find-password/", login.find_password, name="find-password"),
    path("login/password/<str:token>/", login.new_password, name="new-password"),
    # My Page
    path("me/", account.profile, name="profile"),
    path("me/edit/", account.edit, name="edit"),
    path("me/password/", account.password, name="password"),
    path("me/email/", account.email, name="email"),
    path("me/email/cancel/", account.email_cancel, name="email-cancel"),
    path("me/mobile/", mobile.change, name="mobile"),
    path("me/leave/", account.leave, name="leave"),
    path("goodbye/", account.left, name="left"),
    path("email/<str:token>/", account.email_confirm, name="email-confirm"),
    path("me/second-factor/", second_factor.choose, name="second-factor"),
    path("me/second-factor/add/", second_factor.add, name="otp-add"),
    path("me/second-factor/<int:device_id>/delete/", second_factor.delete, name="otp-delete"),
    path("me/confirm/", payment.confirm, name="confirm"),
    path("me/payment/", payment.methods, name="payment"),
    path("me/payment/add/", payment_add.choose, name="payment-add"),
    path("me/payment/add/identity/", payment_add.identify, name="payment-identity"),
    path("me/payment/add/identity/code/", payment_add.send_code_again, name="payment-identity-code"),
    path("me/payment/add/data/", payment_add.data, name="payment-data"),
    path("me/payment/add/status/", payment_add.status, name="payment-status"),
    path("payments/notice/", payment_add.notice, name="payment-notice"),
    path("me/payment/<int:method_id>/default/", payment.make_default, name="payment-default"),
    path("me/payment/<int:method_id>/delete/", payment.delete, name="payment-delete"),
    # Console
    path("console/", console.organizations, name="console"),
    path("console/new/", console.create, name="organization-new"),
    path(_ORGANIZATION, console.dashboard, name="organization"),
    path(f"{_ORGANIZATION}services/", console.catalogue, name="catalogue"),
    path(f"{_ORGANIZATION}members/", members.members, name="members"),
    path(f"{_ORGANIZATION}members/new/", members.register_member, name="member-new"),
    path(f"{_ORGANIZATION}members/<int:member_id>/", members.detail, name="member-detail"),
    path(f"{_ORGANIZATION}members/<int:member_id>/owner/", members.make_owner, name="member-owner"),
    path(f"{_ORGANIZATION}members/<int:member_id>/unlock/", members.unlock, name="member-unlock"),
    path(f"{_ORGANIZATION}members/<int:member_id>/otp/", members.reset_otp, name="member-otp"),
    path(f"{_ORGANIZATION}members/<int:member_id>/resend/", members.resend, name="member-resend"),
    path(f"{_ORGANIZATION}members/<int:member_id>/remove/", members.remove_member, name="member-remove"),
    path(f"{_ORGANIZATION}people/add/", people.add, name="person-add"),
    path(f"{_ORGANIZATION}people/<int:member_id>/role/", people.change_role, name="person-role"),
    path(f"{_ORGANIZATION}people/<int:member_id>/remove/", people.remove, name="person-remove"),
    path(f"{_ORGANIZATION}settings/", settings.basic_settings, name="organization-settings"),
    path(f"{_ORGANIZATION}settings/domain/", settings.change_domain, name="organization-domain"),
    path(f"{_ORGANIZATION}settings/disable/", settings.disable, name="organization-disable"),
    path(f"{_ORGANIZATION}settings/delete/", settings.delete, name="organization-delete"),
    path(f"{_ORGANIZATION}governance/", settings.governance, name="governance"),
    # Activation wizard
    path(_WIZARD, wizard.start, name="wizard"),
    path(f"{_WIZARD}domain/", wizard.domain, name="wizard-domain"),
    path(f"{_WIZARD}domain/check/", wizard.check, name="wizard-check"),
    path(f"{_WIZARD}members/", wizard.members, name="wizard-members"),
    path(f"{_WIZARD}done/", wizard.done, name="wizard-done"),
]
