"""The names that shops use for item, user, price, and so on, and for types of events, in several languages.

Names are compared in folded form: lower case, words joined by `_`, no accents. Earlier names in a list are likelier.
"""

from __future__ import annotations

import re
import unicodedata

_WHO = {
    "user_id": "user_id userid user uid customer_id customerid customer cust_id customer_no customer_number "
    "account_id account member_id memberid household_id household_key buyer_id shopper_id login kunden_id "
    "kundennummer kunden_nr kunde kundennr nutzer client_no id_client client utilisateur id_utilisateur cliente "
    "id_cliente codigo_cliente usuario utente id_utente klant klantnummer klient id_klienta kund kundnr "
    "musteri_id 用户id 用户 会员id 会员 顾客id",
    "visitor_id": "visitor_id visitorid visitor cookie cookie_id anonymous_id anonymousid user_pseudo_id "
    "full_visitor_id fullvisitorid device_id deviceid client_id clientid session_id sessionid user_session session "
    "besucher besucher_id sitzung visiteur id_visiteur visitante sesion 访客id 设备id",
}
_ITEM = (
    "item_id itemid item sku product_id productid product_sku product_code product article_id articleid "
    "article_no article_number article stock_code stockcode goods_id goods_no variant_id variantid offer_id asin "
    "isbn ean upc pid artikelnummer artikel_nr artikel_id artikel produkt_id produkt produit id_produit "
    "ref_produit reference producto id_producto codigo_producto prodotto id_prodotto codice_prodotto produto "
    "id_produto varenr tuote urun_id 商品id 商品编号 商品 item_no material movie_id book_id"
)
_CURRENCY = "currency currency_code curr wahrung waehrung devise moneda valuta moeda 币种 货币"
_PRICE = (
    "price unit_price unitprice sale_price item_price price_eur price_usd price_gbp price_cny sales_price net_price "
    "gross_price amount preis einzelpreis stueckpreis stuckpreis vk_preis prix prix_unitaire precio precio_unitario "
    "prezzo preco prijs pris cena fiyat 价格 单价 售价"
)
COLUMN_WORDS: dict[str, dict[str, str]] = {
    "events": {
        "event_id": "event_id eventid eid log_id hit_id message_id messageid insert_id ereignis_id",
        **_WHO,
        "item_id": f"{_ITEM} article_code",
        "event_type": "event_type eventtype event_name eventname event action action_type behavior_type "
        "behaviour_type behavior behaviour interaction interaction_type activity act ev what type ereignis "
        "ereignistyp aktion evenement type_evenement evento tipo_evento accion azione handlung gebeurtenis typ "
        "tipo 行为 行为类型 事件",
        "quantity": "quantity qty quantity_ordered units count num_items pieces menge anzahl stueck quantite qte "
        "cantidad quantita quantidade aantal antal ilosc adet 数量",
        "price": _PRICE,
        "currency": _CURRENCY,
        "rating": "rating stars score bewertung note puntuacion valutazione 评分",
        "query": "query search_query search_term search_terms keyword keywords search_string q suchbegriff recherche "
        "busqueda 搜索词 关键词",
        "order_id": "order_id orderid order_no order_number order_name order invoice_no invoiceno invoice "
        "invoice_id basket_id transaction_id transactionid bestellnummer bestell_nr bestellung auftrag "
        "auftragsnummer rechnungsnr commande id_commande no_commande pedido id_pedido ordine id_ordine "
        "bestelling zamowienie siparis_no 订单号 订单id",
        "slot": "slot placement place list_name item_list_name position_name widget zone page_type page",
    },
    "items": {
        "item_id": f"{_ITEM} id",
        "title": "title name product_name productname item_name prod_name product_title name_en title_en "
        "bezeichnung artikelbezeichnung artikelname titel produktname nom libelle titre designation nombre "
        "titulo nome titolo naam nazwa description_short 标题 商品名称 名称",
        "title_zh": "title_zh name_zh title_cn name_cn 中文标题 中文名",
        "description": "description detail_desc long_description body_html desc desc_en beschreibung langtext "
        "descripcion descrizione descricao omschrijving opis 描述",
        "description_zh": "description_zh desc_zh desc_cn 中文描述",
        "category": "category category_path categories cat cat_path product_type product_category category_name "
        "category_code google_product_category department kategorie warengruppe categorie rayon categoria "
        "kategoria 类目 分类 品类",
        "brand": "brand brand_name manufacturer vendor make marke hersteller marque marca merk marka 品牌",
        "price": _PRICE,
        "cost": "cost unit_cost purchase_price cost_price cogs einkaufspreis ek_preis prix_achat costo coste 成本",
        "currency": _CURRENCY,
        "stock": "stock inventory inventory_quantity stock_quantity on_hand available_quantity bestand lagerbestand "
        "lager stock_disponible existencias giacenza estoque voorraad 库存",
        "attributes": "attributes attrs properties merkmale attributs atributos 属性",
    },
    "users": {
        "user_id": f"{_WHO['user_id']} id",
        "age": "age alter edad eta idade leeftijd wiek 年龄",
        "gender": "gender sex geschlecht sexe genero sexo sesso geslacht plec 性别",
        "city": "city town ort stadt wohnort ville ciudad citta cidade plaats miasto 城市",
        "country": "country country_code land pays pais paese kraj 国家",
        "member_level": "member_level membership level tier vip loyalty_level stufe kundenstufe niveau nivel "
        "livello 等级 会员等级",
        "registered_on": "registered_on registration_date registered created_at created joined joined_on "
        "signup_date sign_up_date registriert_am anmeldedatum kunde_seit date_inscription fecha_registro "
        "data_registrazione 注册日期",
        "email": "email mail e_mail email_address emailadresse courriel correo correo_electronico 邮箱",
        "phone": "phone mobile phone_number telephone tel cell telefon handy portable telefono movil cellulare "
        "telefone 手机 手机号 电话",
    },
}
TIME_WORDS = (
    "event_time event_timestamp timestamp ts time datetime date_time occurred_at created_at createdat event_date "
    "at when server_time transaction_timestamp transaction_time order_date orderdate invoice_date invoicedate "
    "purchase_date sent_at original_timestamp t_dat t date zeitpunkt zeitstempel zeit uhrzeit datum bestelldatum "
    "rechnungsdatum horodatage date_heure date_commande fecha fecha_hora marca_temporal data data_ora data_hora "
    "dato tijd tijdstip czas tarih 时间 时间戳 日期 下单时间"
)
PERSONAL_WORDS = (
    "email mail e_mail email_address phone mobile phone_number telephone tel name first_name last_name firstname "
    "lastname full_name fullname customer_name surname address street zip_code postcode postal_code ip "
    "ip_address birthday birth_date date_of_birth vorname nachname kundenname anschrift adresse strasse plz "
    "telefon handy geburtsdatum nom prenom courriel code_postal correo apellido apellidos direccion telefono "
    "cognome indirizzo 姓名 手机号 手机 邮箱 地址 电话 emailadresse billing_address shipping_address"
)
EVENT_TYPE_WORDS = {
    "view": "view views pv pageview page_view product_view view_item detail detail_view product_viewed viewed "
    "item_view productview show visit open pdp ansicht angesehen vue vu vista ver visto visualizzazione bekeken "
    "浏览 查看",
    "cart": "cart add_to_cart addtocart cart_add add_cart add basket add_to_basket product_added added_to_cart atc "
    "to_cart warenkorb in_den_warenkorb panier ajout_panier carrito carrello winkelwagen 加购 购物车",
    "wishlist": "wishlist fav favorite favourite add_to_wishlist save saved like bookmark product_added_to_wishlist "
    "merkzettel wunschliste favori favoris deseos preferiti 收藏",
    "purchase": "purchase buy bought order ordered pay paid payment sale sold checkout_completed order_completed "
    "transaction conversion completed purchased kauf gekauft bestellung achat commande compra comprar acquisto "
    "ordine aankoop zakup 购买 下单 支付",
    "return": "return returned refund refunded order_refunded cancel cancelled canceled retoure rueckgabe storno "
    "retour remboursement devolucion reembolso reso rimborso 退货 退款",
    "search": "search searched products_searched site_search view_search_results suche gesucht recherche "
    "busqueda ricerca zoeken 搜索",
    "rating": "rating rate rated review reviewed product_reviewed stars bewertung note resena recensione 评价 评分",
    "impression": "impression impressions expose exposed exposure shown displayed view_item_list product_list_viewed "
    "imp seen einblendung impresion 曝光",
    "click": "click clicked clk product_clicked select_item klick clic clique 点击",
}


def folded(name: str) -> str:
    """A name in lower case, its words joined by `_`: 'ProductID', 'Produkt-ID' -> product_id, produkt_id."""
    plain = unicodedata.normalize("NFKD", name.strip())
    plain = "".join(character for character in plain if not unicodedata.combining(character)).replace("ß", "ss")
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
    return re.sub(r"\W+|_+", "_", plain.casefold()).strip("_")


def _places(words: str) -> dict[str, int]:
    return {word: place for place, word in reversed(list(enumerate(words.split())))}


_COLUMNS = {
    which: {our_column: _places(column_words) for our_column, column_words in words.items()}
    for which, words in COLUMN_WORDS.items()
}
_TIMES, _PERSONAL = _places(TIME_WORDS), _places(PERSONAL_WORDS)
_EVENT_TYPES = {word: our_type for our_type, words in EVENT_TYPE_WORDS.items() for word in words.split()}


def likeness(which: str, our_column: str, shop_column: str) -> float:
    """How likely a shop's column is `our_column`, by its name alone: 0 (nothing in common) to 1."""
    return _score(_COLUMNS[which][our_column], shop_column)


def time_likeness(shop_column: str) -> float:
    """As `likeness`, for the time of an event."""
    return _score(_TIMES, shop_column)


def is_personal_name(shop_column: str) -> bool:
    """Whether a column of that name holds names, addresses or the like of people."""
    return folded(shop_column.rpartition(".")[2]) in _PERSONAL


def event_type_of(shop_type: str) -> str | None:
    """Our event type for one of the shop's; None if its name does not show it."""
    return _EVENT_TYPES.get(folded(shop_type))


def _score(places: dict[str, int], shop_column: str) -> float:
    """1 for the first known name, less for later ones; 0.5 or less for a known name with a word before or after it."""
    name = folded(shop_column)
    last_name = folded(shop_column.rpartition(".")[2])
    for candidate, best in ((name, 1.0), (last_name, 0.95)):
        if candidate in places:
            return best - 0.3 * places[candidate] / (len(places) + 1)
    words = last_name.split("_")
    for length in range(len(words) - 1, 0, -1):
        for part in ("_".join(words[-length:]), "_".join(words[:length])):
            if part in places and len(part) > 2:
                return 0.5 - 0.2 * places[part] / (len(places) + 1)
    return 0.0
