"""Cards in the manner of the programs that write them; the people do not exist."""

APPLE = """BEGIN:VCARD
VERSION:3.0
PRODID:-//Apple Inc.//macOS 14.5//EN
N:Lemoine;Éloïse;Marie;Dr.;
FN:Dr. Éloïse Marie Lemoine
NICKNAME:Lo
ORG:Atelier Lumière;Recherche;
TITLE:Directrice
EMAIL;type=INTERNET;type=WORK;type=pref:eloise@atelier.example
item1.EMAIL;type=INTERNET:lo@maison.example
item1.X-ABLabel:_$!<Other>!$_
TEL;type=CELL;type=VOICE;type=pref:+33 6 12 34 56 78
TEL;type=WORK;type=FAX:+33 1 23 45 67 89
item2.TEL:+33 9 00 00 00 00
item2.X-ABLabel:Chalet
item3.ADR;type=HOME;type=pref:;;12 rue des Lilas\\nBât. B;Lyon;;69003;France
item3.X-ABADR:fr
item4.URL;type=pref:https\\://lemoine.example/
item4.X-ABLabel:_$!<HomePage>!$_
BDAY;X-APPLE-OMIT-YEAR=1604;value=date:1604-03-05
item5.X-ABDATE;type=pref:2011-06-18
item5.X-ABLabel:_$!<Anniversary>!$_
NOTE:Préfère le matin\\, sauf le lundi.\\nParle breton.
X-SOCIALPROFILE;type=twitter;x-user=lolemoine:http://twitter.example/lolemoine
IMPP;X-SERVICE-TYPE=Jabber;type=HOME;type=pref:xmpp:lo@jabber.example
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAASABIAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQ
 EBAQEBAQEBAQEBAQEBAQEBAQEBAQ==
CATEGORIES:Amis,Bretagne
UID:5B1C0C6E-0000-4D2B-9F0A-000000000001
X-ABUID:5B1C0C6E-0000-4D2B-9F0A-000000000001:ABPerson
REV:2024-05-02T10:11:12Z
END:VCARD
"""

APPLE_GROUP = """BEGIN:VCARD
VERSION:3.0
PRODID:-//Apple Inc.//iOS 17.0//EN
N:Chorale
FN:Chorale
X-ADDRESSBOOKSERVER-KIND:group
X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:5B1C0C6E-0000-4D2B-9F0A-000000000001
X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:5B1C0C6E-0000-4D2B-9F0A-000000000002
UID:5B1C0C6E-0000-4D2B-9F0A-0000000000AA
END:VCARD
"""

GOOGLE = """BEGIN:VCARD
VERSION:3.0
FN:Nguyễn Thị Hương
N:Nguyễn;Hương;Thị;;
EMAIL;TYPE=INTERNET;TYPE=HOME:huong@example.vn
item1.EMAIL;TYPE=INTERNET:huong.nguyen@congty.example
item1.X-ABLabel:Công ty
TEL;TYPE=CELL:+84 90 123 45 67
item2.ADR:;;12 Lê Lợi;Quận 1;Hồ Chí Minh;700000;VN;12 Lê Lợi\\nQuận 1
item2.X-ABLabel:
item3.URL:http\\://www.google.com/profiles/1
item3.X-ABLabel:PROFILE
BDAY:1988-11-02
item4.X-ABRELATEDNAMES:Minh
item4.X-ABLabel:_$!<Spouse>!$_
CATEGORIES:myContacts,starred
NOTE:Gặp ở hội nghị
PHOTO:https://lh3.example/contacts/AABB
END:VCARD
"""

OUTLOOK = """BEGIN:VCARD
VERSION:2.1
X-MS-OL-DEFAULT-POSTAL-ADDRESS:2
N;LANGUAGE=de;CHARSET=Windows-1252:Müller;Jürgen;;Herr Dr.
FN;CHARSET=Windows-1252:Herr Dr. Jürgen Müller
ORG:Beispiel GmbH;Einkauf
TITLE:Leiter
TEL;WORK;VOICE:+49 (30) 123456
TEL;HOME;VOICE:+49 (30) 654321
TEL;CELL;VOICE:+49 170 1234567
ADR;WORK;PREF;ENCODING=QUOTED-PRINTABLE:;;Hauptstra=DFe 5=0D=0AHinterhaus;Berlin;;10115;Deutschland
LABEL;WORK;PREF;ENCODING=QUOTED-PRINTABLE:Hauptstra=DFe 5=0D=0A=
10115 Berlin
X-MS-OL-DESIGN;CHARSET=utf-8:<card xmlns="http://schemas.microsoft.com/office/outlook/12/electronicbusinesscards" ver="1.0"/>
URL;WORK:http://www.beispiel.example
EMAIL;PREF;INTERNET:jm@beispiel.example
PHOTO;TYPE=JPEG;ENCODING=BASE64:
 /9j/4AAQSkZJRgABAQEAYABgAAD/
 2wBDAAgGBgcG

REV:20200102T030405Z
END:VCARD
""".encode("cp1252")

EVOLUTION = """BEGIN:VCARD
VERSION:3.0
UID:pas-id-5E0000000000
FN:Ana Pérez
N:Pérez;Ana;;;
X-EVOLUTION-FILE-AS:Pérez\\, Ana
EMAIL;X-EVOLUTION-UI-SLOT=1;TYPE=WORK:ana@empresa.example
TEL;TYPE="WORK,VOICE";X-EVOLUTION-E164="912345678","+34":+34 91 234 56 78
X-JABBER;X-EVOLUTION-UI-SLOT=1;TYPE=HOME:ana@jabber.example
X-EVOLUTION-BLOG-URL:https://ana.example/blog
X-EVOLUTION-SPOUSE:Luis
X-EVOLUTION-ANNIVERSARY:2001-02-03
X-MOZILLA-HTML:FALSE
GEO:40.4168;-3.7038
TZ:+01:00
REV:2021-03-04T05:06:07Z
END:VCARD
"""

THUNDERBIRD = """BEGIN:VCARD
VERSION:4.0
EMAIL;PREF=1:tom@example.org
EMAIL:tom@work.example
FN:Tom Becker
N:Becker;Tom;;;
NICKNAME:Tommi
URL;VALUE=URL:https://example.org
TEL;TYPE=cell;VALUE=TEXT:+49 151 000000
ADR;TYPE=work:;;Weg 1;Köln;NRW;50667;Germany
BDAY;VALUE=DATE:19800229
TZ;VALUE=TEXT:Europe/Berlin
X-CUSTOM1;VALUE=TEXT:eins
UID:0a1b2c3d-0000-4000-8000-000000000003
END:VCARD
"""

DAVX5 = """BEGIN:VCARD
VERSION:4.0
PRODID:+//IDN bitfire.at//DAVx5/4.4
UID:urn:uuid:8a4b0000-0000-4000-8000-000000000004
KIND:individual
FN:Zoë van Dijk
N:van Dijk;Zoë;;mr.;MSc
TEL;TYPE=cell:+31612345678
EMAIL;TYPE=home:zoe@example.nl
ADR;TYPE=home;LABEL="Gracht 1^n1016 Amsterdam":;;Gracht 1;Amsterdam;;1016;Nederland
group1.URL:https://zoe.example
group1.X-ABLABEL:Portfolio
IMPP:matrix:u/zoe:example.nl
RELATED;TYPE=friend;VALUE=text:Bo
MEMBER:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af
GENDER:F;vrouw
BDAY:--0412
ANNIVERSARY:20150620
PHOTO:data:image/png;base64,iVBORw0KGgo=
CATEGORIES:vrienden
REV:20240101T120000Z
X-DAVX5-UNKNOWN;X-P="a;b":wert\\,mit\\;zeichen
END:VCARD
"""

RICH = """BEGIN:VCARD
VERSION:4.0
UID:urn:uuid:8a4b0000-0000-4000-8000-000000000005
LANGUAGE:en
FN;LANGUAGE=en:Sun Yat-sen
N;ALTID=1;SORT-AS="Sun,Zhongshan":孫;中山;文,逸仙;;;;
N;ALTID=1;PHONETIC=jyut;SCRIPT=Latn;LANGUAGE=yue:syun1;zung1saan1;man4,jat6sin1;;;;
TITLE;ALTID=1;LANGUAGE=en:President
TITLE;ALTID=1;LANGUAGE=fr:Président
g1.ORG;SORT-AS=ABC:ABC\\, Inc.;North;Marketing
g1.ROLE:Founder
ADR;JSCOMPS="s,\\, ;11;s, ;10;3";CC=US;GEO="geo:1,2";TZ=Etc/UTC:;;54321 Oak St;Reston;;;;;;;54321;Oak St;;;;;;
SOCIALPROFILE;SERVICE-TYPE=Mastodon;USERNAME=@sun:https://social.example/@sun
SOCIALPROFILE;VALUE=text;SERVICE-TYPE=Forum:sun1
GRAMGENDER:MASCULINE
PRONOUNS;PREF=1:he/him
EXPERTISE;LEVEL=expert;INDEX=1:medicine
HOBBY;LEVEL=high:chess
ORG-DIRECTORY;INDEX=1:https://directory.example
SOURCE:https://dir.example/sun.vcf
CONTACT-URI;PREF=1:mailto:contact@example.com
CALADRURI:mailto:sun@example.com
CALURI;MEDIATYPE=text/calendar:https://cal.example/a.ics
FBURL:https://cal.example/busy
KEY:https://keys.example/sun.asc
LANG;TYPE=work;PREF=1:zh
NOTE;CREATED=20221123T150132Z;AUTHOR-NAME=John;AUTHOR="mailto:john@example.com":Hello
DEATHDATE:19250312
DEATHPLACE:Peking
BIRTHPLACE;VALUE=uri:geo:22.1,113.5
BDAY:18661112
RELATED;TYPE=contact,spouse:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6
XML:<a xmlns="urn:x"/>
CLIENTPIDMAP:1;urn:uuid:3df403f4-5924-4bb7-b077-3c711d9eb34b
EMAIL;PID=1.1;PROP-ID=mail:sun@example.com
JSPROP;JSPTR="example.com:foo":{"bar":1234}
END:VCARD
"""

SAMPLES: dict[str, bytes] = {
    name: text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
    for name, text in {
        "apple": APPLE,
        "apple group": APPLE_GROUP,
        "google": GOOGLE,
        "outlook": OUTLOOK.replace(b"\n", b"\r\n"),
        "evolution": EVOLUTION,
        "thunderbird": THUNDERBIRD,
        "davx5": DAVX5,
        "rich": RICH,
    }.items()
}
