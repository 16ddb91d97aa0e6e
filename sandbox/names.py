"""Common names to build invented people and companies from. Any likeness to real ones is chance.

Tables are compact text: Japanese entries as ``漢字:romaji``. Domains made of them end in names that are
reserved for examples, and telephone numbers lie in ranges that belong to nobody.
"""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """A word as it is written, and in letters that fit an address."""

    written: str
    letters: str


class Place(NamedTuple):
    """A city with its prefecture or state, its country and its area code."""

    city: str
    state: str
    country: str
    area: str
    letters: str


def _words(table: str) -> tuple[Word, ...]:
    return tuple(Word(*entry.split(":")) for entry in table.split())


def _plain(table: str) -> tuple[Word, ...]:
    return tuple(Word(entry, entry.lower()) for entry in table.split())


def _places(table: str, country: str) -> tuple[Place, ...]:
    rows = (line.split("|") for line in table.strip().splitlines())
    return tuple(Place(city, state, country, area, word) for city, state, area, word in rows)


FAMILY_JA = _words(
    "佐藤:sato 鈴木:suzuki 高橋:takahashi 田中:tanaka 伊藤:ito 渡辺:watanabe 山本:yamamoto "
    "中村:nakamura 小林:kobayashi 加藤:kato 吉田:yoshida 山田:yamada 佐々木:sasaki 山口:yamaguchi "
    "松本:matsumoto 井上:inoue 木村:kimura 林:hayashi 斎藤:saito 清水:shimizu 山崎:yamazaki "
    "森:mori 池田:ikeda 橋本:hashimoto 阿部:abe 石川:ishikawa 山下:yamashita 中島:nakajima "
    "石井:ishii 小川:ogawa 前田:maeda 岡田:okada 長谷川:hasegawa 藤田:fujita 後藤:goto 近藤:kondo "
    "村上:murakami 遠藤:endo 青木:aoki 坂本:sakamoto 髙木:takagi 福田:fukuda 太田:ota 西村:nishimura "
    "藤井:fujii 金子:kaneko 岡本:okamoto 渡邉:watanabe"
)
GIVEN_JA = _words(
    "翔太:shota 蓮:ren 陽翔:haruto 大輔:daisuke 健太:kenta 拓也:takuya 直樹:naoki 誠:makoto 剛:tsuyoshi "
    "浩:hiroshi 隆:takashi 和也:kazuya 達也:tatsuya 智也:tomoya 亮:ryo 悠斗:yuto 慎一:shinichi "
    "雄一:yuichi 裕太:yuta 秀樹:hideki 修:osamu 徹:toru 学:manabu 純:jun 美咲:misaki 葵:aoi 陽菜:hina "
    "結衣:yui さくら:sakura 愛:ai 彩:aya 真由美:mayumi 由美子:yumiko 恵:megumi 裕子:yuko 久美子:kumiko "
    "智子:tomoko 直美:naomi 香織:kaori 麻衣:mai 優子:yuko 理恵:rie 千尋:chihiro 明日香:asuka 七海:nanami "
    "ひかり:hikari 玲奈:rena 遥:haruka"
)
FAMILY_EN = _plain(
    "Adams Baker Bennett Brooks Campbell Carter Clark Collins Cook Cooper Davies Edwards Ellis "
    "Evans Fisher Foster Gray Green Hall Harris Hill Hughes Hunt Jackson Kelly King Lee Lewis Marsh "
    "Mason Miller Moore Morgan Murphy Nelson Owen Palmer Parker Price Reed Roberts Scott Shaw Stone "
    "Taylor Turner Walker Ward Watson Wells West Young"
)
GIVEN_EN = _plain(
    "Alice Amelia Anna Arthur Ben Charlotte Chloe Daniel David Edward Ella Emily Emma Ethan Freya "
    "Grace Hannah Harry Henry Isla Jack James Jessica Joseph Julia Kate Laura Leo Liam Lily Lucas "
    "Lucy Maria Mark Mia Nathan Noah Oliver Oscar Paul Peter Rachel Robert Ruby Samuel Sarah Simon "
    "Sophie Thomas Victoria William Zoe"
)
STEM_JA = _words(
    "匠:takumi 朝日野:asahino 青葉:aoba 若草:wakakusa 光陽:koyo 大和川:yamatogawa 東雲:shinonome "
    "白樺:shirakaba 千歳:chitose 翔栄:shoei 瑞穂野:mizuhono 北斗星:hokutosei 秋桜:akizakura 松葉:matsuba "
    "竹取:taketori 梅里:umezato 桐生野:kiryuno 椿:tsubaki 雪見:yukimi 月岡:tsukioka 暁:akatsuki "
    "澄川:sumikawa 清流:seiryu 鶴見台:tsurumidai 亀山野:kameyamano 鳳:otori 龍泉:ryusen 虹橋:nijihashi "
    "星野原:hoshinohara 海風:umikaze 山彦:yamabiko 緑丘:midorioka 岩清水:iwashimizu 花園:hanazono 富貴:fuki "
    "福寿:fukuju 寿和:juwa 協心:kyoshin 三葉野:mitsubano 五稜:goryo"
)
TRADE_JA = _words(
    "工業:kogyo 製作所:seisakusho 商事:shoji 物流:butsuryu 電機:denki 精密:seimitsu 建設:kensetsu "
    "食品:shokuhin 化学:kagaku システム:system ソリューションズ:solutions 印刷:insatsu 運輸:unyu "
    "不動産:fudosan 薬品:yakuhin 産業:sangyo 技研:giken 金属:kinzoku 商店:shoten データ:data"
)
STEM_EN = _plain(
    "Northfield Harbour Silverlake Oakmoor Brightwater Stonebridge Redhill Fairview Lakeshore "
    "Ironwood Maplegrove Westgate Highmoor Clearbrook Summerton Ashdown Kingsford Riverbend "
    "Foxglove Larkspur Windmere Copperfield Thornbury Elmhurst Greyfriars Seabright Moorgate "
    "Hazelwick Juniper Pinecrest"
)
TRADE_EN = _plain(
    "Tools Logistics Systems Foods Partners Analytics Textiles Robotics Insurance Energy Software "
    "Chemicals Printing Components Consulting Instruments Packaging Motors"
)
FORM_EN = ("Ltd", "Inc.", "LLC", "PLC")

PLACES_JA = _places(
    """
千代田区|東京都|03|chiyoda
港区|東京都|03|minato
新宿区|東京都|03|shinjuku
渋谷区|東京都|03|shibuya
横浜市|神奈川県|045|yokohama
川崎市|神奈川県|044|kawasaki
さいたま市|埼玉県|048|saitama
千葉市|千葉県|043|chiba
大阪市|大阪府|06|osaka
堺市|大阪府|072|sakai
京都市|京都府|075|kyoto
神戸市|兵庫県|078|kobe
名古屋市|愛知県|052|nagoya
豊田市|愛知県|0565|toyota
浜松市|静岡県|053|hamamatsu
新潟市|新潟県|025|niigata
金沢市|石川県|076|kanazawa
仙台市|宮城県|022|sendai
札幌市|北海道|011|sapporo
広島市|広島県|082|hiroshima
岡山市|岡山県|086|okayama
福岡市|福岡県|092|fukuoka
北九州市|福岡県|093|kitakyushu
熊本市|熊本県|096|kumamoto
那覇市|沖縄県|098|naha
""",
    "日本",
)
PLACES_EN = _places(
    """
Boston|MA|617|boston
Chicago|IL|312|chicago
Denver|CO|303|denver
Seattle|WA|206|seattle
Austin|TX|512|austin
Atlanta|GA|404|atlanta
Portland|OR|503|portland
San Diego|CA|619|sandiego
New York|NY|212|newyork
Columbus|OH|614|columbus
""",
    "United States",
)

TITLES_JA = (
    "代表取締役",
    "取締役",
    "営業部長",
    "営業本部長",
    "情報システム部長",
    "IT部長",
    "マーケティング部 課長",
    "総務部 課長",
    "購買担当",
    "生産技術部 係長",
    "経営企画室 室長",
    "DX推進室 主任",
    "人事部 マネージャー",
    "品質管理部 主任",
    "CIO",
)
TITLES_EN = (
    "CEO",
    "CTO",
    "Head of Marketing",
    "Marketing Manager",
    "Sales Director",
    "VP Sales",
    "IT Manager",
    "Purchasing Manager",
    "Operations Manager",
    "Head of Data",
    "Plant Manager",
    "Finance Director",
)

# The same trade in the words of both vendors: HubSpot's option, Salesforce's picklist value.
INDUSTRIES = (
    ("MACHINERY", "Machinery"),
    ("CONSTRUCTION", "Construction"),
    ("CHEMICALS", "Chemicals"),
    ("FOOD_BEVERAGES", "Food & Beverage"),
    ("COMPUTER_SOFTWARE", "Technology"),
    ("INSURANCE", "Insurance"),
    ("RETAIL", "Retail"),
    ("BANKING", "Banking"),
)
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
OLD_LEAD_SOURCES = ("展示会2023", "Trade Show (old)", "名刺交換")
LEAD_STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")
STAGES = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "customer")
HUBSPOT_STATUSES = ("NEW", "OPEN", "IN_PROGRESS", "CONNECTED", "ATTEMPTED_TO_CONTACT")

# Reserved ends (RFC 2606), below which each company has a domain of its own: all names below ``example.com``
# are of one company to whoever goes by registered domains.
DOMAINS_JA = ("example", "test")
DOMAINS_EN = ("example", "example", "test")
# `intent/free_mail.yaml` knows them: who writes from there is at home.
FREE_MAIL = ("mail.example", "inbox.example", "keitai.example")


class Owner(NamedTuple):
    """A seller who has a seat in both systems."""

    given: str
    family: str
    email: str
    active: bool


_HOUSE = "kakehashi-demo.example.com"
OWNERS = (
    Owner("美咲", "青山", f"misaki.aoyama@{_HOUSE}", True),
    Owner("大輔", "白石", f"daisuke.shiraishi@{_HOUSE}", True),
    Owner("千尋", "水野", f"chihiro.mizuno@{_HOUSE}", True),
    Owner("Grace", "Hart", f"grace.hart@{_HOUSE}", True),
    Owner("Oliver", "Dale", f"oliver.dale@{_HOUSE}", True),
    Owner("直樹", "黒木", f"naoki.kuroki@{_HOUSE}", True),
    Owner("智子", "原", f"tomoko.hara@{_HOUSE}", False),
    Owner("Henry", "Frost", f"henry.frost@{_HOUSE}", False),
)
