"""The shop's HTML. Every value goes through `escape`."""

from collections.abc import Mapping
from html import escape

from shop.accounts import MEMBERS, PASSWORD, Member

PRODUCTS = (
    ("pen", "연필 세트", "6,500원", "열두 자루, 부드러운 흑연"),
    ("note", "모눈 노트", "4,200원", "A5 · 160쪽, 펼침 제본"),
    ("cup", "책상 위 머그", "13,000원", "350 ml, 무광 도자기"),
)


def layout(title: str, body: str, *, member: Member | None) -> str:
    """Wrap a page in the shop's head and foot."""
    who = (
        f'<span class="who">{escape(member.name)} 님</span>'
        '<form method="post" action="/logout"><button class="plain">로그아웃</button></form>'
        if member
        else '<a class="plain" href="/login">로그인</a>'
    )
    return f"""<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · 오늘의 책상</title>
<link rel="stylesheet" href="/static/shop.css">
<link rel="icon" href="data:,">
</head>
<body>
<header><a class="brand" href="/">오늘의 책상</a><nav aria-label="회원">{who}</nav></header>
<main>{body}</main>
<footer>Daedap 회원 연동을 보여 주는 예제 쇼핑몰입니다. 실제로 판매하지 않습니다.</footer>
</body>
</html>"""


def home(member: Member | None, *, ready: bool, post_url: str = "") -> str:
    """The shop window and the ways to the help centre; `post_url` is put before the ways of the POST type."""
    cards = "".join(
        f'<li class="card"><div class="picture {picture}" aria-hidden="true"></div><h3>{name}</h3>'
        f"<p>{text}</p><strong>{price}</strong></li>"
        for picture, name, price, text in PRODUCTS
    )
    note = (
        f"{escape(member.name)} 님의 회원 정보로 헬프센터가 열립니다."
        if member
        else "로그인하지 않으면 비회원으로 열립니다."
    )
    if not ready:
        note = "아직 헬프센터와 연결되지 않았습니다. OC_SERVICE와 OC_KEY를 설정해 주세요."
    base = escape(post_url)
    body = f"""
<section class="hero"><h1>책상 위의 작은 기쁨</h1><p>오래 쓰는 문구를 고릅니다.</p></section>
<section aria-labelledby="goods"><h2 id="goods">상품</h2><ul class="cards">{cards}</ul></section>
<section class="help" aria-labelledby="help"><h2 id="help">고객센터</h2><p>{note}</p>
<h3>GET 방식</h3>
<div class="buttons">
<a class="button" href="/oc/open?page=home">헬프센터 열기 (GET)</a>
<a class="button second" href="/oc/open?page=ticket">문의하기</a>
<a class="button second" href="/oc/open?page=list">문의내역</a>
<a class="button second" href="/oc/embed">쇼핑몰 안에서 열기 (iframe)</a>
</div>
<h3>POST 방식</h3>
<p>웹 로그인 화면이 있는 서비스를 위한 방식입니다. 로그인하지 않았으면 이 쇼핑몰의 로그인 화면을 거칩니다.</p>
<div class="buttons">
<a class="button" href="{base}/oc/remote?page=home">헬프센터 열기 (POST)</a>
<a class="button second" href="{base}/oc/remote?page=ticket">문의하기</a>
<a class="button second" href="{base}/oc/remote?page=list">문의내역</a>
<a class="button second" href="{base}/oc/remote-server">서버에서 전달 (POST)</a>
</div></section>"""
    return layout("홈", body, member=member)


def embed(member: Member | None, oc_origin: str) -> str:
    """The help centre in a frame. It tells its height, and the script makes the frame as high (static/embed.js)."""
    body = f"""
<h1>고객센터</h1>
<nav class="buttons" aria-label="고객센터 메뉴">
<a class="button second" target="ocPage" href="/oc/open?page=home&amp;iframe=true">처음</a>
<a class="button second" target="ocPage" href="/oc/open?page=ticket&amp;iframe=true">문의하기</a>
<a class="button second" target="ocPage" href="/oc/open?page=list&amp;iframe=true">문의내역</a>
</nav>
<iframe id="ocPage" name="ocPage" title="고객센터" scrolling="no" src="/oc/open?page=home&amp;iframe=true"
 data-origin="{escape(oc_origin)}"></iframe>
<script src="/static/embed.js"></script>"""
    return layout("고객센터", body, member=member)


def login(*, return_url: str, typed: str = "", failed: bool = False) -> str:
    """The login page; `return_url` travels in a hidden field and is judged again when it comes back."""
    error = '<p class="error" role="alert">아이디 또는 비밀번호가 맞지 않습니다.</p>' if failed else ""
    accounts = "".join(f"<li><code>{m.login}</code> {escape(m.name)}</li>" for m in MEMBERS.values())
    body = f"""
<section class="panel"><h1>로그인</h1>{error}
<form method="post" action="/login">
<input type="hidden" name="returnUrl" value="{escape(return_url)}">
<label for="login">아이디</label>
<input id="login" name="login" value="{escape(typed)}" autocomplete="username" required autofocus>
<label for="password">비밀번호</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button class="button">로그인</button>
</form>
<div class="hint"><p>예제 회원 (비밀번호는 모두 <code>{PASSWORD}</code>)</p><ul>{accounts}</ul></div></section>"""
    return layout("로그인", body, member=None)


def remote_form(member: Member, action: str, fields: Mapping[str, str]) -> str:
    """The client-side form of the POST type: sent by a script at once, by its button without one."""
    hidden = "".join(f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in fields.items())
    body = f"""
<section class="panel"><h1>헬프센터로 이동합니다</h1><p>자동으로 이동하지 않으면 버튼을 눌러 주세요.</p>
<form id="remote" method="post" action="{escape(action)}" accept-charset="utf-8">{hidden}
<button class="button">헬프센터 열기</button></form></section>
<script src="/static/submit.js" defer></script>"""
    return layout("이동", body, member=member)


def message(title: str, text: str, *, member: Member | None) -> str:
    """One sentence and the way back."""
    body = f'<section class="panel"><h1>{escape(title)}</h1><p>{escape(text)}</p><a class="button" href="/">홈으로</a>'
    return layout(title, f"{body}</section>", member=member)
