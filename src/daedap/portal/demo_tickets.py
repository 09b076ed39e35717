"""What the customers of the demo shop ask, and what they are answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How far the demo's agent got."""

    NEW = "new"
    OPEN = "open"
    HELD = "held"
    SOLVED = "solved"
    CLOSED = "closed"


@dataclass(frozen=True)
class Customer:
    """Who asks; without a usercode a guest."""

    name: str
    email: str
    usercode: str = ""


@dataclass(frozen=True)
class Enquiry:
    """One enquiry, and what the agent did with it."""

    state: State
    minutes_ago: int
    category: str
    customer: Customer
    subject: str
    content: str
    answer: str = ""
    note: str = ""
    on_phone: bool = False


CATEGORIES = ("배송", "교환·환불", "상품", "회원·계정")

# The first three are the members of examples/integrator.
_HONG = Customer("홍길동", "hong@example.com", "user-0001")
_KIM = Customer("김영희", "kim@example.com", "user-0002")
_PARK = Customer("박민수", "park@example.com", "user-0003")
_LEE = Customer("이나래", "narae@mail.example")
_CHOI = Customer("최유진", "yujin@mail.example")

ENQUIRIES = (
    Enquiry(
        State.CLOSED,
        6 * 1440,
        "배송",
        _PARK,
        subject="주문 상품 일부만 도착했습니다",
        content="책상과 의자를 함께 주문했는데 의자만 도착했습니다. 책상은 언제 오나요?",
        answer="책상은 부피가 커서 별도 차량으로 배송됩니다. 내일 오전 중 기사님이 연락드릴 예정입니다.",
    ),
    Enquiry(
        State.CLOSED,
        5 * 1440 + 200,
        "회원·계정",
        _KIM,
        subject="이메일 주소를 바꾸고 싶어요",
        content="회사를 옮겨서 가입한 이메일을 더 이상 쓸 수 없습니다.",
        answer="[마이페이지 → 회원 정보]에서 새 이메일을 인증하시면 바로 변경됩니다.",
    ),
    Enquiry(
        State.SOLVED,
        4 * 1440,
        "교환·환불",
        _HONG,
        subject="의자 색상을 교환할 수 있을까요?",
        content="그레이를 주문했는데 블랙으로 교환하고 싶습니다. 포장은 뜯지 않았어요.",
        answer="미개봉 상품은 수령 후 7일 이내에 교환하실 수 있습니다. 교환 접수를 완료했습니다.",
    ),
    Enquiry(
        State.SOLVED,
        3 * 1440 + 90,
        "상품",
        _LEE,
        subject="책상 상판 두께가 궁금합니다",
        content="클램프형 모니터 암을 설치하려고 하는데 상판 두께를 알려주세요.",
        answer="상판 두께는 25mm이며, 일반적인 클램프형 모니터 암을 설치하실 수 있습니다.",
        on_phone=True,
    ),
    Enquiry(
        State.SOLVED,
        2 * 1440 + 600,
        "일반 문의",
        _CHOI,
        subject="세금계산서 발행 요청드립니다",
        content="지난주 주문 건의 세금계산서가 필요합니다. 사업자등록증은 어디로 보내면 될까요?",
        answer="[주문 상세 → 증빙 신청]에서 사업자등록증을 첨부하시면 당일 발행해 드립니다.",
    ),
    Enquiry(
        State.SOLVED,
        2 * 1440,
        "배송",
        _KIM,
        subject="배송지를 변경하고 싶습니다",
        content="어제 주문했는데 배송지를 잘못 적었습니다. 아직 출고 전이면 바꿔 주세요.",
        answer="출고 전이어서 요청하신 주소로 변경했습니다.",
        on_phone=True,
    ),
    Enquiry(
        State.HELD,
        1440 + 700,
        "교환·환불",
        _PARK,
        subject="상판에 흠집이 있어요",
        content="오늘 받은 책상 상판 오른쪽에 긁힌 자국이 있습니다. 교환 부탁드립니다.",
        answer="불편을 드려 죄송합니다. 흠집 부분의 사진을 보내 주시면 바로 교환을 진행하겠습니다.",
        note="<p>같은 날 출고분에서 같은 문의 2건 있었음. 물류팀 확인 요청함.</p>",
    ),
    Enquiry(
        State.HELD,
        1440 + 300,
        "상품",
        _LEE,
        subject="조립 설명서가 없습니다",
        content="상자 안에 조립 설명서가 들어 있지 않습니다.",
        answer="제품 하단 라벨의 모델명을 알려 주시면 설명서 파일을 보내드리겠습니다.",
    ),
    Enquiry(
        State.HELD,
        1440,
        "회원·계정",
        _CHOI,
        subject="적립금이 사라졌습니다",
        content="지난달까지 있던 적립금 3,000원이 보이지 않습니다.",
        answer="확인을 위해 적립금이 표시되던 날짜를 알려 주시겠어요?",
        on_phone=True,
    ),
    Enquiry(
        State.OPEN,
        900,
        "배송",
        _HONG,
        subject="설치 날짜를 조정할 수 있나요?",
        content="금요일로 잡힌 설치를 다음 주 월요일로 미루고 싶습니다.",
        note="<p>설치팀에 월요일 오후 가능 여부 문의 중.</p>",
    ),
    Enquiry(
        State.OPEN,
        420,
        "교환·환불",
        _KIM,
        subject="환불이 아직 안 들어왔어요",
        content="반품한 지 열흘이 지났는데 카드 취소가 확인되지 않습니다.",
        note="<p>카드사 승인 취소 전문 확인 필요.</p>",
        on_phone=True,
    ),
    Enquiry(
        State.OPEN,
        260,
        "상품",
        _PARK,
        subject="높이 조절 의자의 최대 하중은 얼마인가요?",
        content="상세 페이지에 하중 정보가 없어서 문의드립니다.",
    ),
    Enquiry(
        State.OPEN,
        190,
        "일반 문의",
        _LEE,
        subject="오프라인 매장이 있나요?",
        content="직접 앉아 보고 구매하고 싶습니다. 가까운 매장을 알려주세요.",
    ),
    Enquiry(
        State.NEW,
        150,
        "배송",
        _HONG,
        subject="배송이 안 왔어요",
        content="어제 도착 예정이던 상품이 아직 오지 않았습니다. 운송장 조회도 되지 않아요.",
        on_phone=True,
    ),
    Enquiry(
        State.NEW,
        120,
        "교환·환불",
        _CHOI,
        subject="반품 신청은 어디에서 하나요?",
        content="사이즈가 맞지 않아 반품하려고 합니다. 비용도 함께 알려주세요.",
    ),
    Enquiry(
        State.NEW,
        95,
        "회원·계정",
        _PARK,
        subject="비밀번호 변경 메일이 오지 않습니다",
        content="스팸함에도 없습니다. 다시 보내 주실 수 있나요?",
    ),
    Enquiry(
        State.NEW,
        70,
        "상품",
        _KIM,
        subject="화이트 색상은 언제 재입고되나요?",
        content="1400 사이즈 화이트 색상을 기다리고 있습니다.",
    ),
    Enquiry(
        State.NEW,
        45,
        "배송",
        _LEE,
        subject="제주도도 무료 배송인가요?",
        content="제주시로 주문하려고 합니다. 추가 배송비가 있는지 궁금합니다.",
        on_phone=True,
    ),
    Enquiry(
        State.NEW,
        25,
        "일반 문의",
        _CHOI,
        subject="대량 구매 할인이 있나요?",
        content="사무실 이전으로 책상 30개가 필요합니다. 견적을 받을 수 있을까요?",
    ),
    Enquiry(
        State.NEW,
        12,
        "교환·환불",
        _HONG,
        subject="부품 하나가 빠져 있어요",
        content="조립하다 보니 M6 볼트 2개가 부족합니다. 부품만 받을 수 있을까요?",
    ),
    Enquiry(
        State.NEW,
        4,
        "배송",
        _KIM,
        subject="경비실에 맡겨 주세요",
        content="오늘 집에 사람이 없습니다. 경비실에 맡겨 달라고 전해 주세요.",
        on_phone=True,
    ),
)
