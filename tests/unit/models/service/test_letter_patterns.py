"""Addresses as Europe writes them and the names of letters are masked; goods, sizes and numbers of things stay."""

from __future__ import annotations

import pytest

from models.service.masking import mask


@pytest.mark.parametrize(
    "address",
    [
        "Hauptstraße 12, 10115 Berlin", "hauptstrasse 12, 10115 berlin", "Hauptstr. 3", "Lange Straße 5 b",
        "Berliner Str. 7a, 60311 Frankfurt am Main", "Marktplatz 8\n70173 Stuttgart", "Am Markt 3, 50667 Köln",
        "12 rue de la Paix, 75002 Paris", "12 rue Victor Hugo", "3 bis impasse du Moulin",
        "10 avenue Foch, 75116 Paris", "10 place Vendôme, 75001 Paris", "Calle Mayor 5, 28013 Madrid",
        "calle de Alcalá, nº 42, 28014 Madrid", "Avenida de la Constitución, 12, 41004 Sevilla",
        "Rua Augusta 100, 1100-053 Lisboa", "Via Roma 10, 00184 Roma", "Piazza del Duomo 3, 20122 Milano",
        "Kerkstraat 12, 1017 GC Amsterdam", "Drottninggatan 4, 111 51 Stockholm", "ul. Długa 7, 31-147 Kraków",
    ],
)  # fmt: skip
def test_a_european_address_is_masked_completely(address: str) -> None:
    for before, after in (("", ""), ("Please send it to ", " as soon as you can"), ("Meine Adresse: ", ". Wann?")):
        assert mask(before + address + after) == (f"{before}[address]{after}", {"address": 1})


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ("Wo ist mein Paket? Mit freundlichen Grüßen, ", "Anna Schmidt", ""),
        ("Wo ist es? Mit freundlichen Grüßen ", "Anna Schmidt", ""),
        ("Danke.\nMfG\n", "A. Schmidt", ""),
        ("Where is it? Best regards, ", "John Smith", ""),
        ("where is it, best regards, ", "john smith", ""),
        ("Please help best regards,\n", "John O'Brien", "."),
        ("Help!\nRegards,\n", "J. R. Smith", ". PS: it is late"),
        ("It is late. Thanks, ", "John", ""),
        ("Bonjour. Cordialement, ", "Jean-Luc de la Tour", ""),
        ("Un saludo, ", "María García", ""),
        ("Dear Mr. ", "Smith", ", where is it?"),
        ("Sehr geehrte Frau ", "Müller", ", wo ist es?"),
        ("Hi ", "Anna", ", where is it?"),
        ("怎么还没到?此致 敬礼 ", "王小明", ""),
        ("此致\n敬礼!\n", "王小明", "\n2026年1月3日"),
        ("我要退货。 ", "李雷", " 敬上"),
        ("尊敬的", "王", "先生,包裹没到"),
        ("联系人:", "张三丰", ",谢谢"),
    ],
)
def test_a_persons_name_in_a_letter_is_masked(before: str, name: str, after: str) -> None:
    assert mask(before + name + after) == (f"{before}[name]{after}", {"name": 1})


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ("Hello, my name is ", "José García", ". Where is it?"),
        ("My name is ", "Anna", " and it is late"),
        ("i am called ", "Søren", ", where is it?"),
        ("This is ", "John O'Brien", ", where is it?"),
        ("Hi, this is ", "John Smith", "的订单"),
        ("name: ", "Zoë van der Berg", ", size 38"),
        ("我叫", "王小明", ",什么时候到"),
        ("收件人:", "王小明", "电话错了"),
        ("姓名: ", "欧阳小明", ",地址写错了"),
        ("收货人:", "李雷", "。"),
        ("联系人:", "张三丰", "电话写错了"),
    ],
)
def test_a_name_that_the_text_introduces_is_masked(before: str, name: str, after: str) -> None:
    assert mask(before + name + after) == (f"{before}[name]{after}", {"name": 1})


@pytest.mark.parametrize(
    "text",
    [
        "This is Nike, is it?", "My name is not on it", "what is my name in your system?",
        "姓名写错了怎么改", "我是学生",
        "Do you have it in size 12?", "It is order 5 of 7", "Does the ring fit size 5, 10 mm?",
        "Is the Spring 2024 ring 12 in?", "Nike Air Max 90, 10 pairs", "iPhone 15, 2023 Model", "Galaxy S 24, 12 Pro",
        "The Straße model 12", "Calle sandals 5 pairs", "2 place settings and 4 place mats",
        "Is it sent via PayPal 24 hours a day?", "We have 3 avenue options", "It is Dr. Martens 1460",
        "Dr Pepper 12 pack", "My order 5, 10115 was late", "Hello Kitty, is it there?",
        "I want the Best Wishes Greeting Card", "Do you have Kind Regards cards?", "Thanks, is it blue?",
        "Thanks, Where is it now", "Hi there, is it blue?", "Dear Sir or Madam, hello", "Dear Customer Service, hello",
        "Hello, I ordered the Oak Red Mug", "Best regards, the whole family", "Regards to your team", "Liebe Grüße",
        "Danke, Kann ich es umtauschen?", "Bonjour, avez-vous la taille 38 ?", "谢谢,白色的有吗", "此致敬礼",
        "尊敬的客服,你好", "亲爱的客服您好", "有12码的吗", "第5个,共7个",
    ],
)  # fmt: skip
def test_goods_and_figures_stay(text: str) -> None:
    assert mask(text) == (text, {})


def test_text_that_was_masked_once_stays_unchanged() -> None:
    once = mask("Hauptstraße 12, 10115 Berlin. Mit freundlichen Grüßen, Anna Schmidt")
    assert once.counts == {"address": 1, "name": 1}
    assert mask(once.text) == (once.text, {})
