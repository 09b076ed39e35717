from tests import factories


def sign_in(browser):
    return browser.post("/login/", {"email": "founder@example.com", "password": factories.PASSWORD})


def test_given_english_chosen_before_sign_in_when_signed_in_then_the_account_speaks_english(founder, platform_client):
    platform_client.post("/-/language/", {"language": "en", "next": "/login/"})
    sign_in(platform_client)
    founder.refresh_from_db()
    assert founder.language == "en"
    assert platform_client.get("/me/payment/").headers["Content-Language"] == "en"
    assert platform_client.cookies["language"].value == "en"


def test_given_an_english_account_when_signed_in_on_a_new_browser_then_pages_are_english(founder, platform_client):
    founder.language = "en"
    founder.save()
    assert platform_client.get("/login/").headers["Content-Language"] == "ko"
    sign_in(platform_client)
    assert platform_client.cookies["language"].value == "en"


def test_given_an_unknown_language_when_chosen_then_nothing_is_remembered(platform_client):
    platform_client.post("/-/language/", {"language": "xx", "next": "/"})
    assert "language" not in platform_client.cookies
    assert "chosen_language" not in platform_client.session
