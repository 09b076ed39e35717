def test_given_the_cast_when_made_then_tenants_are_apart(
    acme, beta, shop, beta_shop, owner, administrator, agent, stranger
):
    assert acme.pk != beta.pk
    assert shop.organization_id == acme.pk
    assert stranger.organization_id == beta.pk


def test_given_unknown_host_when_opened_then_plain_404(platform_client):
    assert platform_client.get("/", headers={"host": "evil.example"}).status_code == 404
